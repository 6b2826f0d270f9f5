using System.Collections.Immutable;
using BareMetal.Data.Sessions;
using BareMetal.Data.Storage;

namespace BareMetal.Data.Simulation.Tests.Sql;

/// <summary>One of several sessions that a simulation steps, with what the model knows of its transaction.</summary>
internal sealed class SqlActor(string name, Session session, SqlModel model)
{
    private readonly List<(string Name, SqlModel Model, int Changes)> savepoints = [];
    private readonly List<(long Id, string? Value)> changes = [];

    public string Name { get; } = name;

    /// <summary>What the names of its tables begin with.</summary>
    public string Prefix { get; } = name + "_";

    public Session Session { get; } = session;

    /// <summary>Its tables as it sees them.</summary>
    public SqlModel Model { get; set; } = model;

    /// <summary>A commit on its way.</summary>
    public Task? Commit { get; set; }

    /// <summary>The number of the state that it makes.</summary>
    public int Committing { get; set; }

    /// <summary>What its commits wait for.</summary>
    public Durability Durability { get; set; }

    public IReadOnlyList<(string Name, SqlModel Model, int Changes)> Savepoints => savepoints;

    /// <summary>Whether it has changed the shared table.</summary>
    public bool HasSharedChanges => changes.Count > 0;

    public void Change(long id, string? value) => changes.Add((id, value));

    public ImmutableSortedDictionary<long, string> ApplyTo(ImmutableSortedDictionary<long, string> shared)
    {
        foreach ((long id, string? value) in changes)
            shared = value is null ? shared.Remove(id) : shared.SetItem(id, value);
        return shared;
    }

    public void Save(string savepoint) => savepoints.Add((savepoint, Model, changes.Count));

    public void BackTo(int index)
    {
        Model = savepoints[index].Model;
        changes.RemoveRange(savepoints[index].Changes, changes.Count - savepoints[index].Changes);
        savepoints.RemoveRange(index + 1, savepoints.Count - index - 1);
    }

    public void Release(int index) => savepoints.RemoveRange(index, savepoints.Count - index);

    /// <summary>The transaction has ended; the model goes on from what is committed.</summary>
    public void End(SqlModel committed)
    {
        Model = committed;
        Commit = null;
        savepoints.Clear();
        changes.Clear();
    }
}
