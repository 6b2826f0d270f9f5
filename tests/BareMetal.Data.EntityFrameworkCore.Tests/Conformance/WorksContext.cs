using Microsoft.EntityFrameworkCore;

namespace BareMetal.Data.EntityFrameworkCore.Tests.Conformance;

public sealed class WorksContext(DbContextOptions<WorksContext> options) : DbContext(options)
{
    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<Party>().Property(p => p.Id).ValueGeneratedNever();
        modelBuilder.Entity<Human>().HasOne(h => h.Boss).WithMany(h => h.Reports).HasForeignKey(h => h.BossId);
        modelBuilder.Entity<Company>();
        modelBuilder.Entity<Label>().Property(l => l.Id).ValueGeneratedNever();
        modelBuilder.Entity<Item>(item =>
        {
            item.Property(i => i.Id).ValueGeneratedNever();
            item.HasOne(i => i.Parent).WithMany(i => i.Children).HasForeignKey(i => i.ParentId);
            item.HasIndex(i => i.Sku);
        });
        modelBuilder.Entity<Project>(project =>
        {
            project.Property(p => p.Id).ValueGeneratedNever();
            project.HasOne(p => p.Owner).WithMany(p => p.Projects).HasForeignKey(p => p.OwnerId);
            project.HasOne(p => p.Reviewer).WithMany().HasForeignKey(p => p.ReviewerId);
            project.HasMany(p => p.Labels).WithMany(l => l.Projects);
            project.ComplexProperty(p => p.Place);
            project.OwnsOne(p => p.Plan, plan => plan.ToJson().OwnsMany(p => p.Steps));
            project.HasIndex(p => p.Code);
            project.HasIndex(p => p.Start).IsDescending();
        });
    }
}
