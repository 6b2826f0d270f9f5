using BareMetal.Data.Catalog;
using BareMetal.Data.Catalog.Ddl;
using BareMetal.Data.Catalog.Statistics;
using BareMetal.Data.Execution.Modification;
using BareMetal.Data.Integrity;
using BareMetal.Data.Sql.Syntax;
using BareMetal.Data.Storage;
using BareMetal.Data.Storage.Recovery;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Sessions;

/// <summary>Statements that look after the database itself.</summary>
internal sealed partial class CommandExecution
{
    private static readonly ResultColumn[] CheckColumns =
    [
        new("kind", SqlType.Text, false), new("schema_name", SqlType.Text, true), new("table_name", SqlType.Text, true), new("index_name", SqlType.Text, true),
        new("constraint_name", SqlType.Text, true), new("file", SqlType.Text, true), new("page", SqlType.BigInt, true), new("key", SqlType.Text, true),
        new("message", SqlType.Text, false), new("can_repair", SqlType.Boolean, false),
    ];

    /// <summary>Gives free space back; what it does takes no part in any transaction.</summary>
    private void RunVacuum(VacuumStatement statement)
    {
        if (_session.InTransaction)
            throw new BareMetalException(SqlStates.ActiveTransaction, "VACUUM can't run in a transaction.");
        if (_session.IsReadOnly || _session.Database.Engine.Options.ReadOnly)
            throw new BareMetalException(SqlStates.ReadOnlyTransaction, "VACUUM can't run where nothing may be written.");
        List<TreeId>? trees = statement.Tables.Length == 0 ? null : [];
        List<Table> tables = [];
        foreach (ObjectName name in statement.Tables)
        {
            CatalogObject? found = _session.Catalog.Resolve(name.Schema, name.Name, _session.Settings.SearchPath);
            if (found is not Table table)
            {
                throw found is null
                    ? CatalogErrors.NoTable(name.ToString(), name.Position)
                    : CatalogErrors.Make(SqlStates.WrongObjectType, $"\"{found.Name}\" is not a table.", name.Position);
            }

            tables.Add(table);
            DatabaseVacuum.AddTrees(table, trees!);
        }

        VacuumProgress done = _session.Database.Engine.Database.RunVacuum(
            new VacuumSettings { Trees = trees, Fill = statement.Full }, null, _cancellation.Token);
        if (statement.Verbose)
        {
            _session.Notice?.Invoke(
                "INFO", $"{done.Leaves} leaves gone through, {done.Joined} joined or filled, {done.Moved} pages moved; {done.PagesBefore} pages became {done.Pages}" +
                (done.IsCutLater ? ", the file is cut when older snapshots are gone" : $", {done.FileBytes} bytes on storage"));
        }

        if (statement.Analyze)
            Analyze(BeginRun(), trees is null ? null : tables, null);
    }

    /// <summary>Collects statistics of tables, or of some columns of one.</summary>
    private void RunAnalyze(SessionTransaction transaction, AnalyzeStatement statement)
    {
        CatalogSnapshot catalog = transaction.Catalog;
        List<Table>? tables = null;
        List<Column>? columns = null;
        if (statement.Table is { } name)
        {
            CatalogObject? found = catalog.Resolve(name.Schema, name.Name, _session.Settings.SearchPath);
            if (found is not Table table)
            {
                throw found is null
                    ? CatalogErrors.NoTable(name.ToString(), name.Position)
                    : CatalogErrors.Make(SqlStates.WrongObjectType, $"\"{found.Name}\" is not a table.", name.Position);
            }

            tables = [table];
            foreach (Identifier column in statement.Columns)
                (columns ??= []).Add(table.FindColumn(column.Name) ?? throw CatalogErrors.Make(SqlStates.UndefinedColumn, $"The table \"{table.Name}\" has no column \"{column.Name}\".", column.Position));
        }

        Analyze(transaction, tables, columns);
    }

    private void Analyze(SessionTransaction transaction, List<Table>? tables, List<Column>? columns)
    {
        StorageTransaction storage = transaction.Storage;
        storage.BeginStatement();
        transaction.HasRun = true;
        if (storage.IsReadOnly)
            throw new BareMetalException(SqlStates.ReadOnlyTransaction, "ANALYZE can't run in a transaction that only reads.");
        tables ??= [.. transaction.Catalog.Objects.OfType<Table>().Where(t => t.Id > 0)];

        // Statistics are the database's; a temporary table is counted where it is planned.
        tables.RemoveAll(t => t.IsTemporary());

        // No definition may change a table on the way.
        storage.LockTree(CatalogStore.Tree, LockMode.Shared, _session.Settings.LockTimeout, _cancellation.Token);
        StatisticsStore store = _session.Database.Statistics;
        foreach (Table table in tables)
        {
            TableStatistics collected = new StatisticsCollector(storage, table, _cancellation.Token).Collect(columns, columns is null ? null : store.Find(table));
            store.Put(storage, collected);
        }
    }

    /// <summary>Takes a backup into a local folder; what it is comes as a notice.</summary>
    private void RunBackup(BackupStatement statement)
    {
        if (_session.InTransaction)
            throw new BareMetalException(SqlStates.ActiveTransaction, "BACKUP can't run in a transaction: it holds what is committed.");
        BackupInfo backup = _session.Database.Engine.Backup(
            new BackupOptions { Target = new LocalStorageProvider(statement.Folder), Incremental = statement.Incremental }, _cancellation.Token);
        _session.Notice?.Invoke("INFO", $"{backup}");
    }

    /// <summary>Checks on a snapshot of its own; the findings are kept, in a temporary file when there are many.</summary>
    private void RunCheck(CheckStatement statement)
    {
        if (statement.Repair && _session.InTransaction)
            throw new BareMetalException(SqlStates.ActiveTransaction, "CHECK … REPAIR can't run in a transaction.");
        if (statement.Repair && _session.IsReadOnly)
            throw new BareMetalException(SqlStates.ReadOnlyTransaction, "CHECK … REPAIR can't run where nothing may be written.");
        ResultColumn[] columns = statement.AsPragma ? [new ResultColumn("integrity_check", SqlType.Text, false)] : CheckColumns;
        _context.Memory.Limit = _session.Settings.WorkMemory;
        _context.Temporary = _session.Database.Engine.Temporary;
        _context.TemporaryPrefix = _session.Database.Engine.TemporaryPrefix;
        KeptBatches kept = new();
        RowGatherer rows = new(columns, kept, _context);
        try
        {
            BareMetalIntegrityOptions options = new() { Table = statement.Table?.ToString(), Repair = statement.Repair };
            DatabaseCheck check = new(
                _session, options,
                problem => rows.Add(statement.AsPragma ? [Text(problem.ToString())] : RowOf(problem)),
                _cancellation.Token);
            check.Run();
            if (statement.AsPragma && check.Problems == 0)
                rows.Add([Text("ok")]);
            rows.Flush();
        }
        catch
        {
            kept.Dispose();
            throw;
        }

        Columns = columns;
        _kept = kept;
    }

    private static Value[] RowOf(BareMetalIntegrityProblem p) =>
    [
        Text(KindText(p.Kind)), Text(p.SchemaName), Text(p.TableName), Text(p.IndexName), Text(p.ConstraintName), Text(p.File),
        p.Page is { } page ? Value.From(SqlTypeKind.BigInt, page) : Value.Null(SqlTypeKind.BigInt), Text(p.Key), Text(p.Message),
        Value.From(SqlTypeKind.Boolean, p.CanRepair),
    ];

    /// <summary>IndexEntryMissing becomes "index entry missing".</summary>
    private static string KindText(BareMetalIntegrityProblemKind kind)
    {
        System.Text.StringBuilder text = new();
        foreach (char c in kind.ToString())
        {
            if (char.IsUpper(c) && text.Length > 0)
                text.Append(' ');
            text.Append(char.ToLowerInvariant(c));
        }

        return text.ToString();
    }

    private static Value Text(string? text) =>
        text is null ? Value.Null(SqlTypeKind.Text) : Value.From(SqlTypeKind.Text, new ByteSlice(System.Text.Encoding.UTF8.GetBytes(text)));

    /// <summary>Gathers rows of scalars into batches that are kept.</summary>
    private sealed class RowGatherer(ResultColumn[] columns, KeptBatches kept, Execution.QueryContext context)
    {
        private const int Size = 128;

        private Batch? _batch;

        public void Add(Value[] row)
        {
            if (_batch is null)
            {
                Vector[] vectors = new Vector[columns.Length];
                for (int i = 0; i < vectors.Length; i++)
                    vectors[i] = Vector.Create(columns[i].Type, Size);
                _batch = new Batch(vectors) { Count = 0 };
            }

            for (int i = 0; i < row.Length; i++)
                _batch.Columns[i].SetValue(_batch.Count, row[i]);
            if (++_batch.Count == Size)
                Flush();
        }

        public void Flush()
        {
            if (_batch is { Count: > 0 })
                kept.Add(_batch, context);
            _batch = null;
        }
    }
}
