using System.Diagnostics;
using BareMetal.Data;
using BareMetal.Samples.Aot;

// Typed sets without reflection: publish with NativeAOT and run. Every run starts from an empty file.
string directory = Path.Combine(Path.GetTempPath(), "baremetal-aot-" + Environment.ProcessId);
Directory.CreateDirectory(directory);
try
{
    string path = Path.Combine(directory, "readings.bmdb");
    Run(path, first: true);
    Run(path, first: false);
    return 0;
}
finally
{
    Directory.Delete(directory, recursive: true);
}

static void Run(string path, bool first)
{
    Stopwatch clock = Stopwatch.StartNew();
    using BareMetalDatabase database = BareMetalDatabase.Open($"Data Source={path}");
    EntitySet<Reading> readings = database.Set<Reading>();
    Console.WriteLine($"opened in {clock.Elapsed.TotalMilliseconds:F1} ms, {readings.Count()} readings");

    if (first)
    {
        clock.Restart();
        DateTime start = new(2024, 2, 1);
        readings.InsertRange(Enumerable.Range(0, 10_000).Select(i => new Reading
        {
            Sensor = "sensor-" + (i % 100),
            At = start.AddMinutes(i),
            Quantity = i % 2 == 0 ? Quantity.Temperature : Quantity.Humidity,
            Value = 15 + (i % 200) / 10m,
            Remark = i % 500 == 0 ? "calibrated" : null,
            Place = new Place { Building = i % 3 == 0 ? "North" : "South", Floor = i % 4 },
        }));
        Console.WriteLine($"inserted 10,000 readings in {clock.Elapsed.TotalMilliseconds:F1} ms");
    }

    Reading found = readings.Find(4711L) ?? throw new InvalidOperationException("Reading 4711 is missing.");
    Console.WriteLine($"#4711: {found.Sensor} {found.At:yyyy-MM-dd HH:mm} {found.Quantity} {found.Value} in {found.Place.Building}, floor {found.Place.Floor}");

    clock.Restart();
    const int finds = 100_000;
    long sum = 0;
    for (int i = 0; i < finds; i++)
        sum += readings.Find(1L + (i * 7919L % 10_000))!.Id;
    Console.WriteLine($"{finds:N0} finds by key, {clock.Elapsed.TotalMicroseconds / finds:F2} µs each (sum of ids {sum:N0})");

    QueryDefinition definition = QueryDefinition.FromJson("""
        {"where": {"and": [
            {"field": "Sensor", "op": "eq", "value": "sensor-42"},
            {"field": "At", "op": "ge", "value": "2024-02-03"},
            {"or": [{"field": "Value", "op": "gt", "value": 19}, {"field": "Place.Building", "op": "eq", "value": "North"}]}]},
         "sort": [{"field": "At", "desc": true}], "take": 5}
        """);
    Console.WriteLine($"{readings.Count(definition)} readings match {definition.ToJson()}");
    foreach (Reading reading in readings.Query(definition))
        Console.WriteLine($"  {reading.At:yyyy-MM-dd HH:mm} {reading.Value} {reading.Place.Building}");
    Console.Write(readings.Explain(definition));

    using (EntityTransaction transaction = database.BeginTransaction())
    {
        EntitySet<Reading> changed = transaction.Set<Reading>();
        found.Remark = "checked twice";
        if (!changed.Update(found))
            throw new InvalidOperationException("The update found no row.");
        transaction.Rollback();
    }

    if (readings.Find(4711L)!.Remark is not null)
        throw new InvalidOperationException("What was rolled back is there.");
    Console.WriteLine("rolled back: nothing changed");
}
