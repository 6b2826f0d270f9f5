namespace BareMetal.Data.Sessions;

/// <summary>
/// An open database: one engine per canonical path and process, however the path is spelled. Counted by references: each
/// <see cref="Acquire"/> is paired with a <see cref="Release"/>, the last of which closes the engine.
/// </summary>
internal sealed class Database
{
    private Database(DatabaseOptions options) => Options = options;

    public DatabaseOptions Options { get; }

    /// <summary>The canonical path, "memory:name", or the substrate's location and the name in it.</summary>
    public string Location => Options.Path;

    /// <summary>Opens the database or takes part in the engine that has it open in this process.</summary>
    /// <exception cref="BareMetalException">3D000 it does not exist; 55006 another process holds it; 08001 it is no database; XX001 it is damaged; 58030 it can't be read.</exception>
    public static Database Acquire(DatabaseOptions options, CancellationToken cancellationToken = default) => new(options);

    /// <summary>Gives one reference back; the last closes the engine.</summary>
    public void Release()
    {
    }

    /// <summary>Whether the database exists.</summary>
    public static bool Exists(DatabaseOptions options) => false;

    /// <summary>Deletes the database's files.</summary>
    /// <exception cref="BareMetalException">55006: sessions are open, in this process or another.</exception>
    public static void Delete(DatabaseOptions options)
    {
    }

    public Session CreateSession(SessionOptions? options = null) => new(this, options ?? SessionOptions.Default);
}
