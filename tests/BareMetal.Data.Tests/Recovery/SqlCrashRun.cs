using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using BareMetal.Data.Catalog;
using BareMetal.Data.Rows;
using BareMetal.Data.Sessions;
using BareMetal.Data.Simulation;
using BareMetal.Data.Storage;
using BareMetal.Data.Storage.Log;
using BareMetal.Data.Storage.Recovery;
using BareMetal.Data.Storage.Trees;
using BareMetal.Data.Tests.Sessions;
using BareMetal.Data.Types;
using BareMetal.Data.Values;
using Xunit.Sdk;
using Database = BareMetal.Data.Sessions.Database;

namespace BareMetal.Data.Tests.Recovery;

/// <summary>
/// A random workload of SQL in two sessions on the simulated disk. At operations of the disk the machine is copied; when the statement is
/// through, each copy crashes, is opened again (perhaps crashing once more meanwhile) and compared with what was acknowledged.
/// </summary>
/// <remarks>
/// The first session does everything to its tables, in transactions with savepoints and without; the second changes rows of the one table
/// "other" in transactions that lie across those of the first.
/// </remarks>
internal sealed class SqlCrashRun
{
    private static readonly DatabaseSettings Tiny = new()
    {
        PageSize = 4096,
        CacheBytes = 512 << 10,
        CheckpointLogBytes = 24 << 10,
        CheckpointDirtyBytes = 4 << 20,
        CheckpointPaceBytes = 24 << 10,
        KeptCheckpointBytes = 40 << 10,
        Log = new LogSettings { FirstExtentBytes = 32 << 10, LargestExtentBytes = 32 << 10, GroupBytes = 16 << 10, KeptBytes = 96 << 10 },
    };

    private readonly ulong _seed;
    private readonly int _everyNth;
    private readonly SplitMix _random;
    private readonly SimulatedWorld _world;
    private readonly List<State> _history = [new(SqlModel.Empty, null)];
    private readonly List<(SimulatedDisk Disk, int Must, DiskOperation Operation)> _copies = [];
    private readonly List<(string Name, SqlModel Model)> _savepoints = [];
    private readonly List<string> _log = [];
    private readonly Durability _otherDurability;
    private Database _database = null!;
    private Session _session = null!;
    private Session _other = null!;
    private SqlModel _model = SqlModel.Empty;
    private ImmutableSortedDictionary<long, string>? _otherRows;
    private int _must;
    private int _names;
    private int _sinceCopy;

    /// <summary>Prepares a run.</summary>
    /// <param name="seed">Decides everything.</param>
    /// <param name="everyNth">How many operations of the disk lie between two crash points.</param>
    /// <param name="skipped">A flush that is left out.</param>
    public SqlCrashRun(ulong seed, int everyNth, FlushSite? skipped = null)
    {
        _seed = seed;
        _everyNth = everyNth;
        _random = new SplitMix(seed * 104729);
        _world = new SimulatedWorld(seed) { SkippedSite = skipped };
        _otherDurability = (Durability)_random.Next(3);
    }

    /// <summary>Crash points tried.</summary>
    public int Points { get; private set; }

    /// <summary>Of those, the ones that crashed again while the database was opened.</summary>
    public int RecoveryPoints { get; private set; }

    /// <summary>Commits of the first session that changed something.</summary>
    public int Commits { get; private set; }

    public void Run(int steps)
    {
        _sinceCopy = _random.Next(_everyNth);
        _world.Disk.AfterOperation = (disk, operation) =>
        {
            if (++_sinceCopy < _everyNth)
                return;
            _sinceCopy = 0;
            _copies.Add((disk.Clone(), _must, operation));
        };
        OpenSessions();
        Execute(_other, "CREATE TABLE other (id bigint PRIMARY KEY, v text)");
        _otherRows = ImmutableSortedDictionary<long, string>.Empty;
        Acknowledge(_otherDurability == Durability.Full);
        for (int i = 0; i < steps; i++)
        {
            try
            {
                Step();
            }
            catch (Exception e) when (e is not XunitException)
            {
                throw Fail(e.ToString());
            }

            CheckCopies();
        }

        CloseAll();
        CheckCopies();
    }

    // ---- The workload

    private void Step()
    {
        bool open = _session.InTransaction;
        switch (_random.Next(100))
        {
            case < 8 when !open:
                Execute(_session, "BEGIN");
                return;
            case < 8:
                Execute(_session, "COMMIT");
                _savepoints.Clear();
                Acknowledge(full: true);
                return;
            case < 11 when open:
                Execute(_session, "ROLLBACK");
                _savepoints.Clear();
                _model = _history[^1].Model;
                return;
            case < 15 when open:
                string savepoint = "s" + _names++;
                Execute(_session, $"SAVEPOINT {savepoint}");
                _savepoints.Add((savepoint, _model));
                return;
            case < 19 when open && _savepoints.Count > 0:
                int at = _random.Next(_savepoints.Count);
                if (_random.Chance(70))
                {
                    Execute(_session, $"ROLLBACK TO {_savepoints[at].Name}");
                    _model = _savepoints[at].Model;
                    _savepoints.RemoveRange(at + 1, _savepoints.Count - at - 1);
                }
                else
                {
                    Execute(_session, $"RELEASE {_savepoints[at].Name}");
                    _savepoints.RemoveRange(at, _savepoints.Count - at);
                }

                return;
            case < 22 when !open:
                Execute(_session, "CHECKPOINT");
                return;
            case < 26:
                _world.Scheduler.RunUntilIdle();
                return;
            case < 29:
                _world.Clock.Advance(TimeSpan.FromMilliseconds(30));
                _world.Scheduler.RunUntilIdle();
                return;
            case 29 when !open && !_other.InTransaction:
                CloseAll();
                OpenSessions();
                string found = Describe(_session);
                if (found != _history[^1].Text)
                    throw Fail("after a clean close: " + Difference(_history[^1].Text, found));
                return;
            case < 42:
                OtherStep();
                return;
            case < 58:
                Define();
                break;
            case 58 or 59 when open && _model.Sequences.Count > 0:
                // What a commit took from a sequence it keeps, if it wrote something as well.
                (string sequence, long taken) = _model.Sequences.ElementAt(_random.Next(_model.Sequences.Count));
                long value = TakeNext(_session, sequence, taken, "");
                _model = _model.WithSequences(_model.Sequences.SetItem(sequence, value));
                return;
            case < 84:
                Insert();
                break;
            case < 94:
                Update();
                break;
            default:
                Delete();
                break;
        }

        if (!_session.InTransaction)
            Acknowledge(full: true);
    }

    private void OtherStep()
    {
        ImmutableSortedDictionary<long, string> rows = _otherRows!;
        long id = _random.Next(30);
        string value = Word();
        switch (_random.Next(10))
        {
            case < 2 when !_other.InTransaction:
                Execute(_other, "BEGIN");
                return;
            case < 2:
                Execute(_other, "COMMIT");
                break;
            case 2 when _other.InTransaction:
                Execute(_other, "ROLLBACK");
                _otherRows = _history[^1].Other;
                return;
            case < 8:
                Execute(_other, $"INSERT INTO other VALUES ({id}, '{value}') ON CONFLICT (id) DO UPDATE SET v = excluded.v");
                _otherRows = rows.SetItem(id, value);
                break;
            default:
                Execute(_other, $"DELETE FROM other WHERE id > {id}");
                _otherRows = rows.RemoveRange(rows.Keys.Where(k => k > id));
                break;
        }

        if (!_other.InTransaction)
            Acknowledge(_otherDurability == Durability.Full);
    }

    private void Define()
    {
        string? name = AnyTable();
        if (name is null || _random.Chance(_model.Tables.Count < 4 ? 25 : 5))
        {
            CreateTable();
            return;
        }

        TableModel table = _model.Tables[name];
        ColumnModel column = table.Columns[1 + _random.Next(table.Columns.Count - 1)];
        bool indexed = table.Indexes.Values.Any(i => i.Column == column.Name);
        switch (_random.Next(14))
        {
            case 12 when column.Name != "p":
                {
                    string renamed = "c" + _names++;
                    Execute(_session, $"ALTER TABLE {name} RENAME COLUMN {column.Name} TO {renamed}");
                    _model = _model.With(name, table with
                    {
                        Columns = table.Columns.Replace(column, column with { Name = renamed }),
                        Indexes = table.Indexes.ToImmutableSortedDictionary(
                            i => i.Key, i => i.Value.Column == column.Name ? i.Value with { Column = renamed } : i.Value, StringComparer.Ordinal),
                    });
                    break;
                }

            case 13:
                {
                    string renamed = "t" + _names++;
                    Execute(_session, $"ALTER TABLE {name} RENAME TO {renamed}");
                    _model = _model.WithTables(_model.Tables.ToImmutableSortedDictionary(
                        t => t.Key == name ? renamed : t.Key, t => t.Value.Parent == name ? t.Value with { Parent = renamed } : t.Value, StringComparer.Ordinal));
                    break;
                }

            case 0 when !_model.Tables.Values.Any(t => t.Parent == name):
                Execute(_session, $"DROP TABLE {name}");
                _model = _model.WithTables(_model.Tables.Remove(name));
                break;
            case < 4 when table.Columns.Count < 9:
                {
                    ColumnModel added = NewColumn(required: _random.Chance(40), withDefault: true);
                    Execute(_session, $"ALTER TABLE {name} ADD COLUMN {Definition(added)}");
                    _model = _model.With(name, table with
                    {
                        Columns = table.Columns.Add(added),
                        Rows = table.Rows.ToImmutableSortedDictionary(r => r.Key, r => r.Value.Add(added.Default)),
                    });
                    break;
                }

            case 4 when !indexed && column.Name != "p" && table.Columns.Count > 3:
                {
                    int at = table.Find(column.Name);
                    Execute(_session, $"ALTER TABLE {name} DROP COLUMN {column.Name}");
                    _model = _model.With(name, table with
                    {
                        Columns = table.Columns.RemoveAt(at),
                        Rows = table.Rows.ToImmutableSortedDictionary(r => r.Key, r => r.Value.RemoveAt(at)),
                    });
                    break;
                }

            case 5 when column.Name != "p":
                {
                    string literal = Literal(column.Type);
                    Execute(_session, $"ALTER TABLE {name} ALTER COLUMN {column.Name} SET DEFAULT {literal}");
                    Replace(name, table, column, column with { DefaultSql = literal });
                    break;
                }

            case 6 when column.DefaultSql is not null && !column.IsRequired:
                Execute(_session, $"ALTER TABLE {name} ALTER COLUMN {column.Name} DROP DEFAULT");
                Replace(name, table, column, column with { DefaultSql = null });
                break;
            case 7 when column.Type == "integer":
                Execute(_session, $"ALTER TABLE {name} ALTER COLUMN {column.Name} TYPE bigint");
                Replace(name, table, column, column with { Type = "bigint" });
                break;
            case < 10 when column.Type != "text" || table.Rows.Values.All(r => (r[table.Find(column.Name)]?.Length ?? 0) < 300):
                {
                    string index = "i" + _names++;
                    bool unique = !column.IsRequired && _random.Chance(35);
                    SqlModel next = _model.With(name, table with { Indexes = table.Indexes.Add(index, new IndexModel(column.Name, unique)) });
                    Try($"CREATE {(unique ? "UNIQUE " : "")}INDEX {index} ON {name} ({column.Name}{(_random.Chance(20) ? " DESC" : "")})", next);
                    break;
                }

            case 10 when table.Indexes.Keys.FirstOrDefault(i => i[0] == 'i') is { } index:
                Execute(_session, $"DROP INDEX {index}");
                _model = _model.With(name, table with { Indexes = table.Indexes.Remove(index) });
                break;
            default:
                if (_random.Chance(15) && !_model.Tables.Values.Any(t => t.Parent == name))
                {
                    Execute(_session, $"TRUNCATE {name}");
                    _model = _model.With(name, table with { Rows = table.Rows.Clear() });
                }
                else if (_random.Chance(30))
                {
                    Execute(_session, $"REINDEX TABLE {name}");
                }
                else if (_model.Sequences.Count < 2)
                {
                    string sequence = "q" + _names++;
                    Execute(_session, $"CREATE SEQUENCE {sequence}");
                    _model = _model.WithSequences(_model.Sequences.Add(sequence, 0));
                }
                else
                {
                    string sequence = _model.Sequences.Keys.First();
                    Execute(_session, $"DROP SEQUENCE {sequence}");
                    _model = _model.WithSequences(_model.Sequences.Remove(sequence));
                }

                break;
        }
    }

    private void CreateTable()
    {
        string name = "t" + _names++;
        List<ColumnModel> columns = [new("id", "bigint", true, null)];
        string? parent = AnyTable();
        if (parent is not null && _random.Chance(40))
            columns.Add(new("p", "bigint", false, null));
        else
            parent = null;
        for (int i = 1 + _random.Next(3); i >= 0; i--)
            columns.Add(NewColumn(required: false, withDefault: _random.Chance(30)));
        TableModel table = new(
            [.. columns],
            ImmutableSortedDictionary<long, ImmutableList<string?>>.Empty,
            ImmutableSortedDictionary.Create<string, IndexModel>(StringComparer.Ordinal),
            parent,
            0);
        StringBuilder sql = new($"CREATE TABLE {name} (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY");
        foreach (ColumnModel column in columns.Skip(1))
        {
            sql.Append(", ").Append(Definition(column));
            if (column.Name == "p")
            {
                sql.Append(CultureInfo.InvariantCulture, $" REFERENCES {parent} ON DELETE CASCADE");
            }
            else if (column.Type != "text" && column.DefaultSql is null && _random.Chance(30))
            {
                sql.Append(" UNIQUE");
                table = table with { Indexes = table.Indexes.Add($"{name}_{column.Name}_key", new IndexModel(column.Name, true)) };
            }
        }

        Execute(_session, sql.Append(')').ToString());
        _model = _model.With(name, table);
    }

    private void Insert()
    {
        if (AnyTable() is not { } name)
            return;
        TableModel table = _model.Tables[name];
        ColumnModel[] columns = [.. table.Columns.Skip(1).Where(c => _random.Chance(70))];
        int count = _random.Next(10) switch { 0 => 20 + _random.Next(60), < 4 => 1, _ => 1 + _random.Next(5) };
        List<ImmutableList<string?>> rows = [];
        StringBuilder sql = new($"INSERT INTO {name} ");
        if (columns.Length == 0)
        {
            sql.Append("DEFAULT VALUES");
            rows.Add([.. table.Columns.Select(c => c.Default)]);
        }
        else
        {
            sql.Append('(').AppendJoin(", ", columns.Select(c => c.Name)).Append(") VALUES ");
            for (int i = 0; i < count; i++)
            {
                ImmutableList<string?>.Builder row = ImmutableList.CreateBuilder<string?>();
                row.AddRange(table.Columns.Select(c => c.Default));
                sql.Append(i > 0 ? ", (" : "(");
                for (int c = 0; c < columns.Length; c++)
                {
                    string literal = ValueFor(table, columns[c], count);
                    row[table.Find(columns[c].Name)] = literal == "NULL" ? null : literal.Trim('\'');
                    sql.Append(c > 0 ? ", " : "").Append(literal);
                }

                sql.Append(')');
                rows.Add(row.ToImmutable());
            }
        }

        sql.Append(" RETURNING id");

        // The check needs keys, which only the database knows: any will do, since the identity is in no constraint of the model.
        SqlModel Next(Func<int, long> id)
        {
            ImmutableSortedDictionary<long, ImmutableList<string?>>.Builder all = table.Rows.ToBuilder();
            for (int i = 0; i < rows.Count; i++)
                all.Add(id(i), rows[i].SetItem(0, id(i).ToString(CultureInfo.InvariantCulture)));
            return _model.With(name, table with { Rows = all.ToImmutable(), LargestId = id(rows.Count - 1) });
        }

        if (!Next(i => long.MaxValue - 1000 + i).IsValid())
        {
            Refuse(sql.ToString());
            return;
        }

        long[] ids = [.. Query(_session, sql.ToString()).Select(r => long.Parse(r, CultureInfo.InvariantCulture)).Order()];
        if (ids.Length != rows.Count || ids[0] <= table.LargestId)
            throw Fail($"{name} gave the identities {string.Join(", ", ids)} after {table.LargestId}");
        _model = Next(i => ids[i]);
    }

    private void Update()
    {
        if (AnyTable() is not { } name)
            return;
        TableModel table = _model.Tables[name];
        ColumnModel column = table.Columns[1 + _random.Next(table.Columns.Count - 1)];
        int at = table.Find(column.Name), modulus = 1 + _random.Next(6), rest = _random.Next(modulus);
        string literal;
        Func<string?, string?> change;
        if (column.Type != "text" && column.Name != "p" && _random.Chance(60))
        {
            literal = $"{column.Name} + 1";
            change = v => v is null ? null : (long.Parse(v, CultureInfo.InvariantCulture) + 1).ToString(CultureInfo.InvariantCulture);
        }
        else
        {
            literal = ValueFor(table, column, 1);
            change = _ => literal == "NULL" ? null : literal.Trim('\'');
        }

        SqlModel next = _model.With(name, table with
        {
            Rows = table.Rows.ToImmutableSortedDictionary(r => r.Key, r => r.Key % modulus == rest ? r.Value.SetItem(at, change(r.Value[at])) : r.Value),
        });
        Try($"UPDATE {name} SET {column.Name} = {literal} WHERE id % {modulus} = {rest}", next);
    }

    private void Delete()
    {
        if (AnyTable() is not { } name)
            return;
        int modulus = 2 + _random.Next(6), rest = _random.Next(modulus);
        Execute(_session, $"DELETE FROM {name} WHERE id % {modulus} = {rest}");
        _model = _model.Delete(name, id => id % modulus == rest);
    }

    private long TakeNext(Session session, string sequence, long taken, string how)
    {
        long value = long.Parse(session.Scalar($"SELECT nextval('{sequence}')"), CultureInfo.InvariantCulture);
        return value > taken ? value : throw Fail($"{how}: {sequence} gave {value} again, {taken} had been given");
    }

    private string? AnyTable() => _model.Tables.Count == 0 ? null : _model.Tables.Keys.ElementAt(_random.Next(_model.Tables.Count));

    private ColumnModel NewColumn(bool required, bool withDefault)
    {
        string type = _random.Next(5) switch { < 2 => "integer", 2 => "bigint", _ => "text" };
        return new ColumnModel("c" + _names++, type, required, required || withDefault ? Literal(type) : null);
    }

    private static string Definition(ColumnModel c) =>
        $"{c.Name} {c.Type}{(c.IsRequired ? " NOT NULL" : "")}{(c.DefaultSql is null ? "" : " DEFAULT " + c.DefaultSql)}";

    private string Literal(string type) => type == "text" ? $"'{Word()}'" : _random.Next(1000).ToString(CultureInfo.InvariantCulture);

    private string ValueFor(TableModel table, ColumnModel column, int count)
    {
        if (column.Name == "p")
        {
            ImmutableSortedDictionary<long, ImmutableList<string?>> parents = _model.Tables[table.Parent!].Rows;
            return _random.Chance(20) || parents.Count == 0 ? "NULL"
                : _random.Chance(5) ? "987654" : parents.Keys.ElementAt(_random.Next(parents.Count)).ToString(CultureInfo.InvariantCulture);
        }

        if (!column.IsRequired && _random.Chance(15))
            return "NULL";
        if (column.Type != "text")
            return _random.Next(100_000).ToString(CultureInfo.InvariantCulture);
        bool large = count < 6 && _random.Chance(12) && !table.Indexes.Values.Any(i => i.Column == column.Name);
        return large ? $"'{new string((char)('a' + _random.Next(26)), 1000 + _random.Next(9000))}{Word()}'" : $"'{Word()}'";
    }

    private string Word() => $"w{_random.Next(100_000)}";

    private void Replace(string name, TableModel table, ColumnModel old, ColumnModel column) =>
        _model = _model.With(name, table with { Columns = table.Columns.Replace(old, column) });

    // ---- Statements

    private void Try(string sql, SqlModel next)
    {
        if (!next.IsValid())
        {
            Refuse(sql);
            return;
        }

        Execute(_session, sql);
        _model = next;
    }

    private void Refuse(string sql)
    {
        _log.Add(sql + " -- refused");
        try
        {
            _session.Run(sql);
        }
        catch (BareMetalException e) when (e.SqlState.StartsWith("23", StringComparison.Ordinal))
        {
            return;
        }

        throw Fail("a statement that breaks a constraint was not refused");
    }

    private void Execute(Session session, string sql)
    {
        _log.Add((session == _other ? "other: " : "") + sql);
        session.Run(sql);
    }

    private List<string> Query(Session session, string sql)
    {
        _log.Add(sql);
        return session.Rows(sql);
    }

    /// <summary>Something was committed, or might have been.</summary>
    private void Acknowledge(bool full)
    {
        // A session's open transaction is not yet part of what others see.
        State last = _history[^1];
        State next = new(_session.InTransaction ? last.Model : _model, _other.InTransaction ? last.Other : _otherRows);
        if (next.Text == last.Text)
            return;
        _history.Add(next);
        if (full)
            _must = _history.Count - 1;
        Commits++;
    }

    private void OpenSessions()
    {
        _database = Open(_world);
        _session = _database.CreateSession(new SessionOptions { LockTimeout = TimeSpan.FromSeconds(1) });
        _other = _database.CreateSession(new SessionOptions { LockTimeout = TimeSpan.FromSeconds(1), Durability = _otherDurability });
    }

    private void CloseAll()
    {
        // What is open is rolled back.
        _savepoints.Clear();
        _model = _history[^1].Model;
        _otherRows = _history[^1].Other;
        _session.Dispose();
        _other.Dispose();
        _database.Release();
        _log.Add("-- closed");
        _must = _history.Count - 1;
        _copies.Add((_world.Disk.Clone(), _must, DiskOperation.Flush));
    }

    // ---- Crashes

    private void CheckCopies()
    {
        foreach ((SimulatedDisk disk, int must, DiskOperation operation) in _copies)
        {
            Points++;
            Crash(disk, must, $"crash at {operation}");
        }

        _copies.Clear();
    }

    private void Crash(SimulatedDisk disk, int must, string how)
    {
        Stop(disk, ref how);
        while (_random.Chance(30))
        {
            RecoveryPoints++;
            disk.CrashAt = disk.Operations + 1 + _random.Next(25);
            Database? opened = null;
            try
            {
                opened = Open(new SimulatedWorld(_random.Next(), disk));
                disk.CrashAt = 0;
                must = Check(opened, must, how + ", opened");
            }
            catch (Exception e) when (IsCrash(e))
            {
                how += ", again while opening";
            }
            catch (Exception e) when (e is BareMetalException or StorageException)
            {
                throw Fail($"{how}: {e}");
            }

            Stop(disk, ref how);
            Abandon(opened);
        }

        Database? database = null;
        try
        {
            database = Open(new SimulatedWorld(_random.Next(), disk));
            must = Check(database, must, how);
            if (_random.Chance(40))
                GoOn(disk, ref database, _history[must], how);
        }
        catch (Exception e) when (e is BareMetalException or StorageException)
        {
            throw Fail($"{how}: {e}");
        }
        finally
        {
            disk.KillProcess();
            Abandon(database);
        }
    }

    private void Stop(SimulatedDisk disk, ref string how)
    {
        if (_random.Chance(25))
        {
            disk.KillProcess();
            how += ", killed";
        }
        else
        {
            disk.LosePower(_random.Next());
            how += ", power lost";
        }
    }

    /// <summary>Life goes on: every table gives a new identity, every index takes the row, and the next crash keeps it.</summary>
    private void GoOn(SimulatedDisk disk, ref Database database, State state, string how)
    {
        SqlModel model = state.Model;
        Session session = database.CreateSession();
        foreach ((string name, TableModel table) in state.Model.Tables)
        {
            ImmutableList<string?> row = [.. table.Columns.Select(c => c.IsRequired ? c.Default : null)];
            string values = string.Join(", ", table.Columns.Skip(1).Select(c => c.IsRequired ? "DEFAULT" : "NULL"));
            long id = long.Parse(session.Scalar($"INSERT INTO {name} ({string.Join(", ", table.Columns.Skip(1).Select(c => c.Name))}) VALUES ({values}) RETURNING id"), CultureInfo.InvariantCulture);
            if (id <= table.LargestId)
                throw Fail($"{how}: {name} gave the identity {id} again, {table.LargestId} had been given");
            model = model.With(name, table with { Rows = table.Rows.Add(id, row.SetItem(0, id.ToString(CultureInfo.InvariantCulture))), LargestId = id });
        }

        foreach ((string sequence, long taken) in model.Sequences)
            TakeNext(session, sequence, taken, how);
        if (_random.Chance(30))
            session.Run("CHECKPOINT");
        disk.LosePower(_random.Next());
        Abandon(database);
        database = Open(new SimulatedWorld(_random.Next(), disk));
        State expected = new(model, state.Other);
        string found;
        using (Session again = database.CreateSession())
            found = Describe(again);
        if (found != expected.Text)
            throw Fail($"{how}, rows added, power lost: {Difference(expected.Text, found)}");
        CheckTrees(database, expected, how + ", rows added, power lost");
    }

    private static Database Open(SimulatedWorld world) => Database.Acquire(new DatabaseOptions
    {
        Path = "c.bmdb",
        Substrate = world.Disk.Provider,
        Environment = world.Environment,
        Settings = Tiny,
        OpenTimeout = TimeSpan.Zero,
    });

    /// <summary>Whether the machine's crash lies behind an exception; a log that can't be flushed wraps it.</summary>
    private static bool IsCrash(Exception? e) => e is SimulatedCrashException || (e is not null && IsCrash(e.InnerException));

    /// <summary>Frees the memory of a database whose machine is gone.</summary>
    private static void Abandon(Database? database)
    {
        if (database is null)
            return;
        try
        {
            database.Release();
        }
        catch (Exception e) when (e is SimulatedCrashException or BareMetalException)
        {
            // It found no machine to close its files on.
        }

        try
        {
            database.Engine.Database.Dispose();
        }
        catch (SimulatedCrashException)
        {
            // Nor one to remove its temporary file from.
        }
    }

    /// <summary>Compares an opened database with the states that it may be in.</summary>
    /// <returns>The number of the state that it is in: from now on that must not be lost.</returns>
    private int Check(Database database, int must, string how)
    {
        string found;
        using (Session session = database.CreateSession())
            found = Describe(session);
        for (int i = _history.Count - 1; i >= must; i--)
        {
            if (_history[i].Text != found)
                continue;
            CheckTrees(database, _history[i], how);
            return i;
        }

        string lost = _history.FindLastIndex(h => h.Text == found) is >= 0 and int at ? $"state {at} of {_history.Count - 1} came back, {must} was promised; " : "";
        throw Fail($"{how}: {lost}against what was promised: {Difference(_history[must].Text, found)}");
    }

    private void CheckTrees(Database database, State state, string how)
    {
        foreach (IntegrityProblem problem in IntegrityChecker.Check(database.Engine.Store))
            throw Fail($"{how}: {problem}");
        using StorageTransaction transaction = database.Engine.Begin(TransactionIsolation.Snapshot, readOnly: true);
        foreach ((string name, TableModel model) in state.Model.Tables)
        {
            Table table = (Table)database.Catalog.Newest.Find("public", name)!;
            foreach (TableIndex index in table.Indexes)
            {
                IndexEntryCodec codec = IndexEntryCodec.For(table, index);
                int slot = codec.FindSlot(index.Keys[0].ColumnId), id = codec.FindSlot(table.Columns[0].Id);
                int column = model.Find(table.FindColumn(index.Keys[0].ColumnId)!.Name);
                SqlType type = table.FindColumn(index.Keys[0].ColumnId)!.Type;
                SortedSet<string> expected = new(model.Rows.Values.Select(r => $"{r[0]}|{SqlModel.Shorten(r[column])}"), StringComparer.Ordinal);
                using TreeCursor entries = transaction.OpenCursor(index.Tree);
                using TreeCursor rows = transaction.OpenCursor(table.Tree);
                int count = 0;
                for (bool more = entries.SeekFirst(); more; more = entries.MoveNext())
                {
                    count++;
                    if (!rows.Seek(codec.PrimaryKey(entries.Key, entries.Value), SeekMode.Equal))
                        throw Fail($"{how}: index {index.Name} leads to a row that does not exist");
                    string entry = Show(codec.GetValue(entries.Key, entries.Value, id), SqlType.BigInt) + "|" + Show(codec.GetValue(entries.Key, entries.Value, slot), type);
                    if (!expected.Remove(entry))
                        throw Fail($"{how}: index {index.Name} has the entry {entry} that no row has");
                }

                if (expected.Count > 0)
                    throw Fail($"{how}: index {index.Name} lacks {string.Join(", ", expected.Take(5))}; it has {count} entries");
            }
        }
    }

    private static string Show(Value value, SqlType type) =>
        value.IsNull ? "null" : SqlModel.Shorten(Encoding.UTF8.GetString(Casts.Convert(value, type, SqlType.Text).As<ByteSlice>().Span));

    // ---- What a database says of itself

    private static string Describe(Session session)
    {
        CatalogSnapshot catalog = session.Catalog;
        StringBuilder text = new();
        foreach (Table table in catalog.Objects.OfType<Table>().Where(t => t.Schema == "public" && t.Name != "other").OrderBy(t => t.Name, StringComparer.Ordinal))
        {
            text.Append("table ").Append(table.Name).Append('\n');
            foreach (Column column in table.Columns)
                text.Append(CultureInfo.InvariantCulture, $" column {column.Name} {column.Type.Kind.ToString().ToLowerInvariant()}{(column.IsNullable ? "" : " required")} default {column.DefaultSql ?? "none"}\n");
            foreach (TableIndex index in table.Indexes.OrderBy(i => i.Name, StringComparer.Ordinal))
                text.Append(CultureInfo.InvariantCulture, $" index {index.Name} on {table.FindColumn(index.Keys[0].ColumnId)?.Name}{(index.IsUnique ? " unique" : "")}\n");
            foreach (ForeignKey key in table.ForeignKeys)
                text.Append(CultureInfo.InvariantCulture, $" references {catalog.Find<Table>(key.ReferencedTableId)?.Name}\n");
            foreach (string row in session.Rows($"SELECT * FROM {table.Name} ORDER BY id"))
                text.Append(" row ").AppendJoin('|', row.Split('|').Select(SqlModel.Shorten)).Append('\n');
        }

        foreach (Sequence sequence in catalog.Objects.OfType<Sequence>().Where(s => s.OwnedBy is null).OrderBy(s => s.Name, StringComparer.Ordinal))
            text.Append("sequence ").Append(sequence.Name).Append('\n');
        if (catalog.Find("public", "other") is not null)
            text.Append("other ").AppendJoin(' ', session.Rows("SELECT id, v FROM other ORDER BY id")).Append('\n');
        return text.ToString();
    }

    private static string Difference(string expected, string found)
    {
        string[] a = expected.Split('\n'), b = found.Split('\n');
        int i = 0;
        while (i < Math.Min(a.Length, b.Length) && a[i] == b[i])
            i++;
        return $"line {i}: expected\n  {string.Join("\n  ", a.Skip(Math.Max(0, i - 2)).Take(8))}\nfound\n  {string.Join("\n  ", b.Skip(Math.Max(0, i - 2)).Take(8))}";
    }

    private XunitException Fail(string what) =>
        new($"seed {_seed}, every {_everyNth}, after {_world.Disk.Operations} operations: {what}\nlast statements:\n{string.Join('\n', _log.TakeLast(25).Select(s => s.Length > 200 ? s[..200] + " …" : s))}");

    private sealed record State(SqlModel Model, ImmutableSortedDictionary<long, string>? Other)
    {
        private string? _text;

        public string Text => _text ??= Model.Text + (Other is null ? "" : "other " + string.Join(' ', Other.Select(r => $"{r.Key}|{r.Value}")) + "\n");
    }
}
