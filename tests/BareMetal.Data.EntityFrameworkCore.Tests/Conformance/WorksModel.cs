namespace BareMetal.Data.EntityFrameworkCore.Tests.Conformance;

public enum Kind
{
    Small,
    Medium,
    Large,
}

[Flags]
public enum Traits
{
    None = 0,
    Urgent = 1,
    Secret = 2,
    Shared = 4,
}

public abstract class Party
{
    public int Id { get; set; }
    public string Name { get; set; } = "";
    public string? City { get; set; }
    public List<Project> Projects { get; set; } = [];
}

public sealed class Human : Party
{
    public DateOnly Born { get; set; }
    public int? BossId { get; set; }
    public Human? Boss { get; set; }
    public List<Human> Reports { get; set; } = [];
}

public sealed class Company : Party
{
    public decimal Capital { get; set; }
    public string? Vat { get; set; }
}

public sealed class Place
{
    public string Town { get; set; } = "";
    public string? Zip { get; set; }
    public double Latitude { get; set; }
}

public sealed class Plan
{
    public string Title { get; set; } = "";
    public int Weight { get; set; }
    public List<Step> Steps { get; set; } = [];
}

public sealed class Step
{
    public string Name { get; set; } = "";
    public int Days { get; set; }
}

public sealed class Project
{
    public int Id { get; set; }
    public string Code { get; set; } = "";
    public string? Note { get; set; }
    public int Count { get; set; }
    public int? Grade { get; set; }
    public long Big { get; set; }
    public short Small { get; set; }
    public decimal Budget { get; set; }
    public decimal? Bonus { get; set; }
    public double Ratio { get; set; }
    public bool Active { get; set; }
    public bool? Checked { get; set; }
    public DateTime Start { get; set; }
    public DateTime? End { get; set; }
    public DateOnly Due { get; set; }
    public TimeOnly Slot { get; set; }
    public TimeSpan Effort { get; set; }
    public DateTimeOffset Stamp { get; set; }
    public Guid Key { get; set; }
    public Kind Kind { get; set; }
    public Traits Traits { get; set; }
    public string[] Words { get; set; } = [];
    public int[] Numbers { get; set; } = [];
    public Place Place { get; set; } = new();
    public Plan Plan { get; set; } = new();
    public int OwnerId { get; set; }
    public Party Owner { get; set; } = null!;
    public int? ReviewerId { get; set; }
    public Human? Reviewer { get; set; }
    public List<Item> Items { get; set; } = [];
    public List<Label> Labels { get; set; } = [];
}

public sealed class Item
{
    public int Id { get; set; }
    public int ProjectId { get; set; }
    public Project Project { get; set; } = null!;
    public string Sku { get; set; } = "";
    public int Quantity { get; set; }
    public decimal Price { get; set; }
    public DateTime At { get; set; }
    public int? ParentId { get; set; }
    public Item? Parent { get; set; }
    public List<Item> Children { get; set; } = [];
}

public sealed class Label
{
    public int Id { get; set; }
    public string Text { get; set; } = "";
    public List<Project> Projects { get; set; } = [];
}

/// <summary>The same data for the database and for objects.</summary>
public sealed class Works
{
    public List<Party> Parties { get; } = [];

    public List<Project> Projects { get; } = [];

    public List<Item> Items { get; } = [];

    public List<Label> Labels { get; } = [];

    public static Works Create()
    {
        Works works = new();
        Random random = new(7);
        string?[] cities = ["Rome", "Oslo", null, "Łódź", "oslo", ""];
        string[] names = ["Anna", "Bob", "carla", "O'Neil", "100%", "a_b", "Émile", "Zed", "Acme", "Brick", "Core"];
        string?[] notes = ["call first", null, "", "  wide  ", "fragile", "FRAGILE", "a\\b", "tab\there"];
        string[] words = ["red", "green", "blue", "", "Red", "teal"];
        for (int i = 1; i <= 11; i++)
        {
            Party party = i % 3 == 0
                ? new Company { Capital = i * 1000.5m, Vat = i % 2 == 0 ? null : "V" + i }
                : new Human { Born = new DateOnly(1960 + i, 1 + (i % 12), 3) };
            party.Id = i;
            party.Name = names[i - 1];
            party.City = cities[i % cities.Length];
            works.Parties.Add(party);
        }

        Human[] humans = [.. works.Parties.OfType<Human>()];
        for (int i = 1; i < humans.Length; i++)
        {
            if (i % 3 == 0)
                continue;
            humans[i].Boss = humans[i / 2];
            humans[i].BossId = humans[i / 2].Id;
            humans[i / 2].Reports.Add(humans[i]);
        }

        for (int i = 1; i <= 5; i++)
            works.Labels.Add(new Label { Id = i, Text = words[i] + i });
        int item = 0;
        for (int i = 1; i <= 30; i++)
        {
            Party owner = works.Parties[random.Next(works.Parties.Count - 2)];
            Human? reviewer = random.Next(3) == 0 ? null : humans[random.Next(humans.Length)];
            Project project = new()
            {
                Id = i,
                Code = $"{(char)('A' + (i % 5))}-{i % 8}",
                Note = notes[random.Next(notes.Length)],
                Count = random.Next(-3, 12),
                Grade = random.Next(4) == 0 ? null : random.Next(6),
                Big = random.Next(5) * 10_000_000_000L,
                Small = (short)random.Next(-20, 20),
                Budget = random.Next(-400, 4000) / 4m,
                Bonus = random.Next(3) == 0 ? null : random.Next(100) * 1.1m,
                Ratio = random.Next(-16, 64) / 8.0,
                Active = random.Next(2) == 0,
                Checked = random.Next(3) switch { 0 => null, 1 => true, _ => false },
                Start = new DateTime(2020, 1, 31, 22, 15, 7).AddDays(random.Next(1500)).AddMinutes(i),
                End = random.Next(3) == 0 ? null : new DateTime(2024, 2, 29).AddDays(random.Next(300)),
                Due = new DateOnly(2023, 12, 25).AddDays(random.Next(40)),
                Slot = new TimeOnly(random.Next(24), random.Next(60)),
                Effort = TimeSpan.FromMinutes(random.Next(-50, 4000)),
                Stamp = new DateTimeOffset(2023, 6, 1, random.Next(24), 30, 0, TimeSpan.FromHours(random.Next(-3, 4))),
                Key = new Guid(random.Next(8), 2, 3, 4, 5, 6, 7, 8, 9, 10, (byte)i),
                Kind = (Kind)random.Next(3),
                Traits = (Traits)random.Next(8),
                Words = [.. Enumerable.Range(0, random.Next(4)).Select(_ => words[random.Next(words.Length)])],
                Numbers = [.. Enumerable.Range(0, random.Next(4)).Select(_ => random.Next(-2, 9))],
                Place = new Place { Town = cities[random.Next(2)]!, Zip = random.Next(2) == 0 ? null : "Z" + random.Next(4), Latitude = random.Next(-90, 90) / 2.0 },
                Plan = new Plan
                {
                    Title = "Plan " + (i % 4),
                    Weight = random.Next(10),
                    Steps = [.. Enumerable.Range(0, random.Next(3)).Select(s => new Step { Name = "step" + s, Days = random.Next(9) })],
                },
                Owner = owner,
                OwnerId = owner.Id,
                Reviewer = reviewer,
                ReviewerId = reviewer?.Id,
            };
            owner.Projects.Add(project);
            foreach (Label label in works.Labels.Where(_ => random.Next(3) == 0))
            {
                project.Labels.Add(label);
                label.Projects.Add(project);
            }

            for (int n = random.Next(4); n > 0; n--)
            {
                Item? parent = project.Items.Count > 0 && random.Next(2) == 0 ? project.Items[0] : null;
                Item added = new()
                {
                    Id = ++item,
                    Project = project,
                    ProjectId = i,
                    Sku = "S" + random.Next(6),
                    Quantity = random.Next(1, 9),
                    Price = random.Next(1, 400) / 8m,
                    At = new DateTime(2024, 3, 1).AddHours(random.Next(900)),
                    Parent = parent,
                    ParentId = parent?.Id,
                };
                parent?.Children.Add(added);
                project.Items.Add(added);
                works.Items.Add(added);
            }

            works.Projects.Add(project);
        }

        return works;
    }
}
