using Microsoft.EntityFrameworkCore;
using Xunit;

namespace BareMetal.Data.EntityFrameworkCore.Tests.Storage;

public sealed class EncryptedMirrorTests
{
    [Fact]
    public async Task A_context_works_on_an_encrypted_and_mirrored_database()
    {
        string folder = Directory.CreateTempSubdirectory("baremetal-").FullName;
        try
        {
            string text = $"Data Source={Path.Combine(folder, "a.bmdb")};Mirror Paths={Path.Combine(folder, "other")};Password=sesame";
            await using (Context context = new(text))
            {
                await context.Database.EnsureCreatedAsync();
                context.Things.Add(new Thing { Name = "one" });
                await context.SaveChangesAsync();
                await using Microsoft.EntityFrameworkCore.Storage.IDbContextTransaction transaction = await context.Database.BeginTransactionAsync();
                context.Things.Add(new Thing { Name = "two" });
                await context.SaveChangesAsync();
                await transaction.CommitAsync();
            }

            BareMetalConnection.ClearAllPools();
            await using (Context context = new(text))
                Assert.Equal(["one", "two"], await context.Things.OrderBy(t => t.Id).Select(t => t.Name).ToListAsync());
            await using (Context context = new(text.Replace("sesame", "barley", StringComparison.Ordinal)))
            {
                BareMetalException e = await Assert.ThrowsAsync<BareMetalException>(() => context.Things.CountAsync());
                Assert.Equal("28P01", e.SqlState);
            }

            await using (Context context = new(text))
                Assert.True(await context.Database.EnsureDeletedAsync());
        }
        finally
        {
            BareMetalConnection.ClearAllPools();
            Directory.Delete(folder, recursive: true);
        }
    }

    private sealed class Context(string connectionString) : DbContext
    {
        public DbSet<Thing> Things => Set<Thing>();

        protected override void OnConfiguring(DbContextOptionsBuilder options) => options.UseBareMetal(connectionString);
    }

    private sealed class Thing
    {
        public int Id { get; set; }

        public string Name { get; set; } = "";
    }
}
