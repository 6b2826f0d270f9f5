using System.Globalization;

namespace BareMetal.Data.Storage.Backup;

/// <summary>The backups of one name in a provider, and which of them build on which.</summary>
internal sealed class BackupSet
{
    private readonly List<BackupInfo> _backups = [];

    private BackupSet(IStorageProvider provider, string name)
    {
        Provider = provider;
        Name = name;
    }

    /// <summary>Where they are.</summary>
    public IStorageProvider Provider { get; }

    /// <summary>The name that they share.</summary>
    public string Name { get; }

    /// <summary>The backups, by ascending number; damaged manifests included.</summary>
    public IReadOnlyList<BackupInfo> Backups => _backups;

    /// <summary>Reads all manifests.</summary>
    public static BackupSet Read(IStorageProvider provider, string name)
    {
        BackupSet set = new(provider, name);
        foreach (string file in provider.List())
        {
            if (set.TryParse(file, out long number, out bool isManifest) && isManifest)
                set._backups.Add(BackupManifest.Read(provider, file, number));
        }

        set._backups.Sort(static (a, b) => a.Number.CompareTo(b.Number));
        return set;
    }

    /// <summary>The name of a backup's manifest.</summary>
    public string NameOf(long number) => $"{Name}-b{number.ToString("d6", CultureInfo.InvariantCulture)}";

    /// <summary>A backup by its number.</summary>
    public BackupInfo? Find(long number) => _backups.Find(b => b.Number == number);

    /// <summary>A backup by its number, whole.</summary>
    /// <exception cref="StorageException">There is none, or its manifest is damaged.</exception>
    public BackupInfo Get(long number) =>
        Whole(Find(number) ?? throw new StorageException(
            StorageErrorCode.BackupMissing, $"{NameOf(number)}: there is no such backup in {Provider.Location}. {Describe()}") { File = NameOf(number) });

    /// <summary>A backup and all that it builds on, the full one first.</summary>
    /// <exception cref="StorageException">One is missing, damaged, or of another database or timeline.</exception>
    public List<BackupInfo> ChainOf(BackupInfo backup)
    {
        List<BackupInfo> chain = [];
        for (BackupInfo next = Whole(backup); ;)
        {
            chain.Add(next);
            if (!next.IsIncremental)
                break;
            BackupInfo parent = Find(next.ParentNumber) ?? throw new StorageException(
                StorageErrorCode.BackupMissing,
                $"{NameOf(next.ParentNumber)}: backup {next.ParentNumber} is missing, on which backup {next.Number} builds. Put its files back, or use backup " +
                $"{next.ParentNumber - 1} or an earlier one.") { File = NameOf(next.ParentNumber) };
            Whole(parent);
            if (parent.DatabaseId != next.DatabaseId || parent.Id != next.ParentId)
            {
                throw new StorageException(
                    StorageErrorCode.BackupMissing,
                    $"{parent.Name}: this is not the backup on which {next.Name} builds (id {parent.Id} instead of {next.ParentId}). Put the right files back.")
                    { File = parent.Name };
            }

            if (parent.TimelineId != next.TimelineId)
                throw OtherTimeline(parent, next.TimelineId);
            if (parent.Cut != next.From || parent.PageSize != next.PageSize)
            {
                throw new StorageException(
                    StorageErrorCode.Corruption, $"{next.Name}: it begins at LSN {next.From}, the backup before it was cut at {parent.Cut}.") { File = next.Name };
            }

            next = parent;
        }

        chain.Reverse();
        return chain;
    }

    /// <summary>Deletes what a backup that never ended left behind. Under the set's lock.</summary>
    public void DeleteUnfinished()
    {
        foreach (string file in Provider.List())
        {
            if (TryParse(file, out long number, out bool isManifest) && !isManifest && Find(number) is null)
                Provider.Delete(file);
        }
    }

    /// <summary>Deletes a backup's files, the manifest first.</summary>
    public void Delete(BackupInfo backup)
    {
        Provider.Delete(backup.Name);
        Provider.FlushDirectory();
        foreach (string file in Provider.List())
        {
            if (TryParse(file, out long number, out _) && number == backup.Number)
                Provider.Delete(file);
        }

        Provider.FlushDirectory();
        _backups.Remove(backup);
    }

    /// <summary>Throws when the manifest is damaged.</summary>
    public static BackupInfo Whole(BackupInfo backup) => backup.Problem is { } problem
        ? throw new StorageException(StorageErrorCode.Corruption, problem) { File = backup.Name }
        : backup;

    /// <summary>The backups in words, for messages.</summary>
    public string Describe() => _backups.Count == 0
        ? $"There is no backup of \"{Name}\"."
        : $"There are backups {string.Join(", ", _backups.ConvertAll(static b => b.Number))}.";

    internal static StorageException OtherTimeline(BackupInfo backup, Guid timeline) => new(
        StorageErrorCode.ForeignTimeline,
        $"{backup.Name}: the backup belongs to timeline {backup.TimelineId}, the database to {timeline}: it was restored since. Begin with a full backup.")
        { File = backup.Name };

    private bool TryParse(string file, out long number, out bool isManifest)
    {
        number = 0;
        isManifest = false;
        if (!file.StartsWith(Name + "-b", StringComparison.Ordinal))
            return false;
        ReadOnlySpan<char> rest = file.AsSpan(Name.Length + 2);
        int digits = 0;
        while (digits < rest.Length && char.IsAsciiDigit(rest[digits]))
            digits++;
        if (digits < 6 || !long.TryParse(rest[..digits], NumberStyles.None, CultureInfo.InvariantCulture, out number))
            return false;
        isManifest = digits == rest.Length;
        return isManifest || rest[digits] == '-';
    }
}
