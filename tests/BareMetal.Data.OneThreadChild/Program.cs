using System.Data.Common;
using System.Globalization;
using BareMetal.Data;
using BareMetal.Data.OneThreadChild;
using Microsoft.EntityFrameworkCore;

// A process whose thread pool has one thread, to be started with DOTNET_PROCESSOR_COUNT=1: many commits are begun on that thread while the disk
// does not answer. Each call must come back, and the thread must be free for other work. "transaction" commits explicit transactions,
// "command" executes single commands, "ef" calls SaveChangesAsync, "locks" waits for a row instead; "migrate" is MigratingChild's, with any number of threads. Prints what it saw; ends with 0 when all is well.
string folder = args[0];
string what = args[1];
if (what == "migrate")
    return MigratingChild.Run(folder, args[2..]);
int count = int.Parse(args[2], CultureInfo.InvariantCulture);
GatedStorage? storage = null;
if (!ThreadPool.SetMinThreads(1, 1) || !ThreadPool.SetMaxThreads(1, 1))
    return Fail($"the pool can't be limited to one thread with {Environment.ProcessorCount} processors");

storage = new GatedStorage(folder);
using BareMetalDataSource source = new BareMetalDataSourceBuilder($"Data Source=one.bmdb;Max Pool Size={count + 8}").UseSubstrate(storage).Build();
using (BareMetalConnection connection = source.OpenConnection())
{
    using DbCommand create = connection.CreateCommand();
    create.CommandText = "CREATE TABLE items (id bigint PRIMARY KEY, name text NOT NULL)";
    create.ExecuteNonQuery();
}

if (what == "locks")
{
    if (LockWaits.Run(source, count) is { } problem)
        return Fail(problem);
    Console.WriteLine($"{count} commands waited for one row on one thread of the pool, all done after the commit");
    return 0;
}

// Everything up to the commits happens while the disk answers.
List<IDisposable> open = [];
List<Func<Task>> commits = [];
for (int i = 0; i < count; i++)
    commits.Add(what == "ef" ? PrepareContext(i + 1) : PrepareConnection(i + 1));

storage.Gate.Reset();
Task<Task[]> begin = Task.Run(() => commits.Select(commit => commit()).ToArray());
if (!begin.Wait(TimeSpan.FromSeconds(30)))
    return Fail("the pool's only thread was held by a commit: not all of them could be begun");
Task[] running = begin.Result;
int ended = running.Count(t => t.IsCompleted);
if (ended > 0)
    return Fail($"{ended} commits ended though nothing was flushed: {running.First(t => t.IsCompleted).Exception?.Message}");
Task<int> other = Task.Run(() => 42);
if (!other.Wait(TimeSpan.FromSeconds(30)) || other.Result != 42)
    return Fail("the pool's only thread was held while commits waited");
int threads = ThreadPool.ThreadCount;
ended = running.Count(t => t.IsCompleted);
if (ended > 0)
    return Fail($"{ended} commits ended though nothing was flushed");
storage.Gate.Set();
if (!Task.WhenAll(running).Wait(TimeSpan.FromSeconds(60)))
    return Fail($"{running.Count(t => !t.IsCompleted)} commits never ended");
foreach (IDisposable item in open)
    item.Dispose();
using (BareMetalConnection connection = source.OpenConnection())
{
    using DbCommand rows = connection.CreateCommand();
    rows.CommandText = "SELECT count(*) FROM items";
    long found = (long)rows.ExecuteScalar()!;
    long expected = what == "ef" ? count + (count / 2) : count;
    if (found != expected)
        return Fail($"{found} rows are there, {expected} were committed");
}

if (threads > 1)
    return Fail($"the pool had {threads} threads");
Console.WriteLine($"{count} commits in flight on {threads} thread of the pool, all done after the flush");
return 0;

Func<Task> PrepareConnection(int id)
{
    BareMetalConnection connection = source.OpenConnection();
    open.Add(connection);
    DbCommand command = connection.CreateCommand();
    command.CommandText = "INSERT INTO items (id, name) VALUES (@id, 'a row')";
    DbParameter parameter = command.CreateParameter();
    parameter.ParameterName = "@id";
    parameter.Value = (long)id;
    command.Parameters.Add(parameter);
    command.Prepare();
    if (what == "command")
        return () => command.ExecuteNonQueryAsync();
    DbTransaction transaction = connection.BeginTransaction();
    command.Transaction = transaction;
    command.ExecuteNonQuery();
    return () => transaction.CommitAsync();
}

// Every second one saves two rows, which takes a transaction; the others are a single command.
Func<Task> PrepareContext(int id)
{
    ItemContext context = new(source);
    open.Add(context);
    context.Add(new Item { Id = id, Name = "a row" });
    if (id % 2 == 0)
        context.Add(new Item { Id = id + 1_000_000, Name = "another row" });
    context.Database.OpenConnection();
    return () => context.SaveChangesAsync();
}

int Fail(string why)
{
    Console.WriteLine(why);
    storage?.Gate.Set(); // or the end of the process would wait for the disk too
    Environment.Exit(1);
    return 1;
}
