using BareMetal.Data.Sessions;
using BareMetal.Data.Simulation.Scripts;
using BareMetal.Data.Storage;

namespace BareMetal.Data.Simulation.Tests.Sql;

/// <summary>Transactions and what concerns the whole machine.</summary>
internal sealed partial class SqlWorkload
{
    private static readonly TimeSpan FlushDelay = TimeSpan.FromMilliseconds(20);

    /// <inheritdoc/>
    public override void Execute(ScriptStep step)
    {
        _pending = null;
        if (step.Actor == ScriptStep.Machine)
        {
            ExecuteMachine(step);
            Settle();
            return;
        }

        if (!_actors.TryGetValue(step.Actor, out SqlActor? actor))
        {
            Durability durability = DurabilityOf(step.Actor[0] == 'b' ? _seed : 0);
            actor = new SqlActor(step.Actor, NewSession(durability), SqlModel.Empty) { Durability = durability };
            actor.End(Committed.Of(actor));
            _actors.Add(step.Actor, actor);
        }

        // Commits on their way meet other commits, not statements: what those would see is not settled.
        if (step.Verb != "commit" || actor.Commit is not null)
        {
            foreach (SqlActor other in _actors.Values)
                Finish(other);
        }

        ExecuteActor(actor, step);
        Settle();
    }

    private void ExecuteMachine(ScriptStep step)
    {
        switch (step.Verb)
        {
            case "idle":
                _world.Scheduler.RunUntilIdle();
                break;
            case "step":
                for (int i = step.Int(0); i > 0 && _world.Scheduler.Step(); i--)
                {
                }

                break;
            case "clock":
                int promised = _durabilities.FindLastIndex(d => d != Durability.Off);
                TimeSpan passed = TimeSpan.FromMilliseconds(step.Int(0));
                _world.Clock.Advance(passed);
                _world.Scheduler.RunUntilIdle();
                if (passed >= FlushDelay && !_world.Disk.IsCrashed)
                    Must = Math.Max(Must, promised);
                break;
            case "checkpoint":
                int newest = Newest;
                using (Session session = NewSession(Durability.Full))
                    session.Rows("CHECKPOINT");
                Must = newest;
                break;
            case "vacuum":
                FinishAll();
                using (Session session = NewSession(Durability.Full))
                    session.Rows("VACUUM");
                Counts.Add("SQL: vacuums");
                break;
            case "snapshot":
                if (_snapshots.Count < 2)
                {
                    FinishAll();
                    Session reader = NewSession(Durability.Full);
                    reader.Rows("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY");
                    reader.Rows("SELECT 1");
                    _snapshots.Add((reader, Committed, Newest));
                }

                break;
            case "look":
                if (_snapshots.Count > 0)
                    CompareSnapshot(step.Int(0) % _snapshots.Count);
                break;
            case "forget":
                if (_snapshots.Count > 0)
                    EndSnapshot(step.Int(0) % _snapshots.Count);
                break;
            case "reopen":
                Close();
                Open(_world);
                if (!_database!.Engine.Database.Report.WasClean)
                    throw Fail("a clean close was not found clean");
                break;
            default:
                throw new FormatException($"There is no step \"{step.Verb}\" of the machine.");
        }
    }

    private void ExecuteActor(SqlActor actor, ScriptStep step)
    {
        SplitMix random = new(step[0]);
        bool open = actor.Session.InTransaction;
        switch (step.Verb)
        {
            case "begin":
                if (!open)
                    TryRun(actor, "BEGIN");
                return;
            case "commit":
                if (open)
                    Commit(actor, step[1] != 0);
                return;
            case "rollback":
                if (open)
                    Rollback(actor);
                return;
            case "save":
                string savepoint = "s" + _names++;
                if (open && TryRun(actor, $"SAVEPOINT {savepoint}"))
                    actor.Save(savepoint);
                return;
            case "back":
                if (open && actor.Savepoints.Count > 0 && TryRun(actor, $"ROLLBACK TO {actor.Savepoints[step.Int(0) % actor.Savepoints.Count].Name}"))
                    actor.BackTo(step.Int(0) % actor.Savepoints.Count);
                return;
            case "release":
                if (open && actor.Savepoints.Count > 0 && TryRun(actor, $"RELEASE {actor.Savepoints[step.Int(0) % actor.Savepoints.Count].Name}"))
                    actor.Release(step.Int(0) % actor.Savepoints.Count);
                return;
            case "create":
                CreateTable(actor, random);
                break;
            case "define":
                Define(actor, random);
                break;
            case "insert":
                Insert(actor, random);
                break;
            case "bulk":
                InsertMany(actor, random, 1 + step.Int(1));
                break;
            case "update":
                Update(actor, random);
                break;
            case "delete":
                Delete(actor, random);
                break;
            case "next":
                TakeNext(actor, random);
                break;
            case "share":
                Share(actor, random);
                break;
            default:
                throw new FormatException($"There is no step \"{step.Verb}\".");
        }

        if (!actor.Session.InTransaction)
            EndStatement(actor);
    }

    /// <summary>A statement outside a transaction is through: what it changed is committed.</summary>
    private void EndStatement(SqlActor actor)
    {
        SqlState next = Committed.After(actor);
        if (next.Text == Committed.Text)
        {
            // Nothing that shows; what was taken from a sequence may come again.
            actor.End(Committed.Of(actor));
            return;
        }

        Append(next, actor.Durability);
        if (actor.Durability == Durability.Full)
            Must = Newest;
        actor.End(Committed.Of(actor));
    }

    private void Commit(SqlActor actor, bool async)
    {
        SqlState next = Committed.After(actor);
        bool changed = next.Text != Committed.Text;
        _log.Add($"{actor.Name}: COMMIT{(async ? " -- asynchronous" : string.Empty)}");
        _pending = _ => next;
        if (!async)
        {
            actor.Session.Commit();
            if (changed)
            {
                Append(next, actor.Durability);
                if (actor.Durability == Durability.Full)
                    Must = Newest;
            }

            actor.End(Committed.Of(actor));
            return;
        }

        Counts.Add("SQL: asynchronous commits");
        actor.Commit = actor.Session.CommitAsync().AsTask();
        if (changed)
            Append(next, actor.Durability);
        actor.Committing = changed ? Newest : 0;
    }

    private void Rollback(SqlActor actor)
    {
        _log.Add($"{actor.Name}: ROLLBACK");
        actor.Session.Rollback();
        actor.End(Committed.Of(actor));
    }

    private void Settle()
    {
        foreach (SqlActor actor in _actors.Values)
        {
            if (actor.Commit is { IsCompleted: true })
                Acknowledge(actor);
        }
    }

    private void FinishAll()
    {
        foreach (SqlActor actor in _actors.Values)
            Finish(actor);
    }

    /// <summary>Waits for a commit on its way.</summary>
    private void Finish(SqlActor actor)
    {
        if (actor.Commit is null)
            return;
        _world.Scheduler.RunUntilIdle();
        if (!actor.Commit.IsCompleted && !_world.Disk.IsCrashed)
            throw Fail($"the commit of {actor.Name} does not end though nothing is left to do");
        if (actor.Commit.IsCompleted)
            Acknowledge(actor);
    }

    private void Acknowledge(SqlActor actor)
    {
        if (actor.Commit!.Exception?.InnerException is { } error)
            throw _world.Disk.IsCrashed ? error : Fail(error.ToString()); // a stopped machine fails what was on its way
        if (actor.Durability == Durability.Full)
            Must = Math.Max(Must, actor.Committing);
        actor.End(Committed.Of(actor));
    }

    private void CompareSnapshot(int index)
    {
        (Session session, SqlState state, int number) = _snapshots[index];
        string found = Describe(session);
        if (found != state.Text)
            throw Fail($"a snapshot of state {number}, {Newest - number} commits later: {Difference(state.Text, found)}");
        Counts.Add("SQL: old snapshots compared");
    }

    private void EndSnapshot(int index)
    {
        CompareSnapshot(index);
        _snapshots[index].Session.Dispose();
        _snapshots.RemoveAt(index);
    }

    // ---- Statements

    /// <summary>Runs a statement.</summary>
    /// <returns>False when it was refused since another session holds a lock: then nothing has changed.</returns>
    private bool TryRun(SqlActor actor, string sql) => TryRun(actor, sql, out _);

    private bool TryRun(SqlActor actor, string sql, out List<string> rows)
    {
        _log.Add($"{actor.Name}: {sql}");
        try
        {
            rows = actor.Session.Rows(sql);
            return true;
        }
        catch (BareMetalException e) when (e.SqlState == SqlStates.LockNotAvailable)
        {
            Counts.Add("SQL: statements refused for a lock");
            _log.Add("-- not available");
        }
        catch (BareMetalException e) when (e.SqlState is SqlStates.SerializationFailure or SqlStates.DeadlockDetected)
        {
            Counts.Add("SQL: transactions undone");
            _log.Add($"-- {e.SqlState}");
            if (actor.Session.InTransaction)
                Rollback(actor);
        }

        rows = [];
        return false;
    }

    /// <summary>Runs a statement that leads to a model, or that must be refused because the model would break a constraint.</summary>
    private void RunTo(SqlActor actor, string sql, SqlModel next)
    {
        if (!next.IsValid())
        {
            Refuse(actor, sql);
            return;
        }

        Expect(actor, next);
        if (TryRun(actor, sql))
            actor.Model = next;
    }

    /// <summary>Outside a transaction a statement that is cut off may have been committed all the same.</summary>
    private void Expect(SqlActor actor, SqlModel next)
    {
        if (actor.Session.InTransaction)
            return;
        SqlModel before = actor.Model;
        actor.Model = next;
        SqlState state = Committed.After(actor);
        actor.Model = before;
        _pending = _ => state;
    }

    private void Refuse(SqlActor actor, string sql)
    {
        _log.Add($"{actor.Name}: {sql} -- refused");
        try
        {
            actor.Session.Rows(sql);
        }
        catch (BareMetalException e) when (e.SqlState.StartsWith("23", StringComparison.Ordinal))
        {
            return;
        }
        catch (BareMetalException e) when (e.SqlState == SqlStates.LockNotAvailable)
        {
            return;
        }

        throw Fail("a statement that breaks a constraint was not refused");
    }
}
