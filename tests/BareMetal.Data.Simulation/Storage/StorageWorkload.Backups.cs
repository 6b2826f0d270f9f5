using BareMetal.Data.Simulation.Scripts;
using BareMetal.Data.Storage;
using BareMetal.Data.Storage.Backup;

namespace BareMetal.Data.Simulation.Storage;

/// <summary>Backups on the same disk, taken in steps while other steps go on, and given back from.</summary>
internal sealed partial class StorageWorkload
{
    private const string Set = "backup";

    /// <summary>Complete backups: number, and the states that each may hold with the number of the first.</summary>
    private readonly List<(long Number, int First, List<StorageState> States)> _backups = [];

    private BackupRun? _backup;
    private int _backupFrom;

    private void BeginBackup(bool incremental)
    {
        if (_backup is not null)
            return;
        _backup = Engine.BeginBackup(new BackupOptions
        {
            Target = _world.Disk.Provider,
            Set = Set,
            Incremental = incremental && _backups.Count > 0,
            PagesPerFile = 10,
            PaceBytes = 16 << 10,
        });
        _backupFrom = _visible;
    }

    private void StepBackup(int steps)
    {
        for (; _backup is not null && steps > 0; steps--)
        {
            if (_backup.Step())
                continue;
            _backups.Add((_backup.Info.Number, _backupFrom, _history.GetRange(_backupFrom, _history.Count - _backupFrom)));
            Counts.Add(_backup.Info.IsIncremental ? "incremental backups" : "full backups");
            EndBackup();
        }
    }

    private void EndBackup()
    {
        try
        {
            _backup?.Dispose();
        }
        catch (SimulatedCrashException)
        {
            // There is no machine on which it could remove what it wrote.
        }

        _backup = null;
    }

    /// <summary>Restores a backup into memory and compares.</summary>
    private void CheckBackup(IStorageProvider source, BackupInfo backup)
    {
        string when = $"restored from {backup}";
        if (backup.Problem is not null)
            throw new ScriptFailureException(when);
        MemoryStorageProvider target = new();
        StorageBackup.Restore(new RestoreOptions
        {
            Source = source,
            Set = Set,
            Target = target,
            Name = Name,
            Backup = backup.Number,
            Environment = new SimulatedWorld(7).Environment,
            Settings = _settings,
        });
        Counts.Add("backups restored");
        StorageEngine engine = StorageEngine.Open(new StorageOptions
        {
            Provider = target,
            Name = Name,
            Mode = StorageFileMode.Open,
            Environment = new SimulatedWorld(8).Environment,
            Settings = _settings,
        });
        try
        {
            int known = _backups.FindIndex(b => b.Number == backup.Number);
            int first = known >= 0 ? _backups[known].First : 0;
            List<StorageState> states = known >= 0 ? _backups[known].States : _history;
            int found = Identify(engine, first, first + states.Count - 1);
            Compare(engine, states[found - first], when);
        }
        finally
        {
            Abandon(engine);
        }
    }

    /// <summary>Whether every backup that was reported complete is there and gives its state back, and the last that merely is there too.</summary>
    private void CheckBackups(IStorageProvider source)
    {
        IReadOnlyList<BackupInfo> all = StorageBackup.List(source, Set);
        foreach ((long number, int _, List<StorageState> _) in _backups)
        {
            if (!all.Any(b => b.Number == number))
                throw new ScriptFailureException($"backup {number} is gone");
        }

        if (all.Count > 0)
            CheckBackup(source, all[^1]);
    }
}
