using System.Buffers.Binary;
using System.Globalization;
using BareMetal.Data.Storage;

// A process to be killed: opens a database and commits numbered rows from several threads until it dies. A line "a n w" on standard
// output says that row n of writer w is acknowledged; it is written after the commit returned and before the next one begins.
string folder = args[0];
int writers = int.Parse(args[1], CultureInfo.InvariantCulture);
using StorageEngine engine = StorageEngine.Open(new StorageOptions
{
    Provider = new LocalStorageProvider(folder),
    Name = "kill.bmdb",
    CacheBytes = 4 << 20,
    CheckpointLogBytes = 256 << 10,
    OwnerLockTimeout = TimeSpan.FromSeconds(20),
});
TreeId tree = new(TreeId.FirstDynamic);
using (StorageTransaction transaction = engine.Begin())
{
    if (engine.PeekSequence(0) == 0)
    {
        engine.AdvanceSequence(0, 1);
        tree = transaction.CreateTree();
        transaction.Commit();
    }
}

using Stream stream = Console.OpenStandardOutput();
Thread[] threads = new Thread[writers];
for (int w = 0; w < writers; w++)
{
    int writer = w;
    threads[w] = new Thread(() => Write(writer));
    threads[w].Start();
}

foreach (Thread thread in threads)
    thread.Join();

void Write(int writer)
{
    byte[] key = new byte[8];
    byte[] value = new byte[400];
    int next = Next(writer);
    while (true)
    {
        // Two rows in one commit: both or none.
        using (StorageTransaction transaction = engine.Begin())
        {
            transaction.BeginStatement();
            for (int half = 0; half < 2; half++)
            {
                BinaryPrimitives.WriteInt32BigEndian(key, writer + (half * 1000));
                BinaryPrimitives.WriteInt32BigEndian(key.AsSpan(4), next);
                transaction.Put(tree, key, value);
            }

            if (writer == 0)
                transaction.CommitAsync().AsTask().Wait();
            else
                transaction.Commit();
        }

        byte[] line = System.Text.Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"a {next} {writer}\n"));
        lock (stream)
        {
            stream.Write(line);
            stream.Flush();
        }

        next++;
    }
}

int Next(int writer)
{
    using StorageTransaction transaction = engine.Begin();
    transaction.BeginStatement();
    using TreeCursor cursor = transaction.OpenCursor(tree);
    byte[] key = new byte[8];
    BinaryPrimitives.WriteInt32BigEndian(key, writer);
    BinaryPrimitives.WriteInt32BigEndian(key.AsSpan(4), int.MaxValue);
    return cursor.Seek(key, SeekMode.LessOrEqual) && BinaryPrimitives.ReadInt32BigEndian(cursor.Key) == writer
        ? BinaryPrimitives.ReadInt32BigEndian(cursor.Key[4..]) + 1
        : 0;
}
