using BareMetal.Data.Storage;

namespace BareMetal.Data.Simulation.Scripts;

/// <summary>
/// Runs a script. At operations of the disk the machine is copied, the copy is stopped in one of several ways, opened again, perhaps stopped
/// during that, and compared with the model. Steps "crash n fate …" stop the machine itself n operations on; what follows goes on
/// with what came back.
/// </summary>
internal sealed class CrashScriptRun : IDisposable
{
    public const string CrashVerb = "crash";

    private readonly Script _script;
    private readonly CrashWorkload _workload;
    private readonly CrashOptions _options;
    private readonly CrashCounts _counts;
    private readonly FlushSite? _skipped;
    private readonly ulong _seed;
    private readonly SimulatedDisk _disk;
    private readonly List<(SimulatedDisk Disk, CrashPlan Plan, string Kind, int Must, long Offset)> _waiting = [];
    private ScriptFailureException? _found;
    private CrashPlan? _armed;
    private bool _inHook;
    private bool _isOpen;
    private int _step = -1;
    private long _stepStart;
    private int _stepPoints;
    private int _worlds;
    private int _copies;

    /// <summary>Prepares a run.</summary>
    /// <param name="script">What to do.</param>
    /// <param name="workload">What does it.</param>
    /// <param name="options">Which crash points to try.</param>
    /// <param name="counts">Where to count them.</param>
    public CrashScriptRun(Script script, CrashWorkload workload, CrashOptions options, CrashCounts counts)
    {
        _script = script;
        _workload = workload;
        _options = options;
        _counts = counts;
        _seed = script.Setting("seed", 1);
        _skipped = script.SkippedFlush is { } site ? Enum.Parse<FlushSite>(site) : null;
        _disk = new SimulatedDisk((int)script.Setting("sector", 512)) { AfterOperation = AfterOperation };
    }

    /// <summary>The disk's trace: equal for equal runs.</summary>
    public ulong Trace => _disk.Trace;

    /// <summary>Runs the script to its end.</summary>
    /// <exception cref="ScriptFailureException">The database was in a wrong state, or a step failed.</exception>
    public void Run()
    {
        for (_step = 0; _step < _script.Steps.Count; _step++)
        {
            ScriptStep step = _script.Steps[_step];
            _stepStart = _disk.Operations;
            _stepPoints = 0;
            if (step.Verb == CrashVerb)
            {
                _armed = CrashPlan.Of(step);
                _disk.CrashAt = _disk.Operations + (long)Math.Max(step[0], 1);
                continue;
            }

            Guard(() =>
            {
                EnsureOpen();
                _workload.Execute(step);
            });
        }

        _stepStart = _disk.Operations;
        while (true)
        {
            Guard(EnsureOpen);
            Guard(Close);
            if (_armed is not null)
                CrashNow(); // it was due later than anything happened
            if (!_isOpen)
                break;
        }

        CheckClosed();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _inHook = true;
        _disk.KillProcess();
        _workload.Release();
        _disk.Discard();
    }

    private void Close()
    {
        _workload.Close();
        _isOpen = false;
    }

    private void EnsureOpen()
    {
        if (_isOpen)
            return;
        _workload.Open(NewWorld(_disk));
        _isOpen = true;
    }

    /// <summary>Runs a part of the script; when the machine stops meanwhile, starts it again.</summary>
    private void Guard(Action part)
    {
        try
        {
            part();
            if (_found is not null)
                throw _found;
            CheckWaiting();
        }
        catch (Exception) when (_found is not null)
        {
            throw _found; // the engine took what the hook threw for a failure of the disk
        }
        catch (ScriptFailureException e)
        {
            throw WithScript(e, null);
        }
        catch (Exception) when (_disk.IsCrashed)
        {
            // That is what a stopped machine looks like from within.
        }
        catch (Exception e)
        {
            throw WithScript(new ScriptFailureException(e.ToString(), e), null);
        }

        if (!_disk.IsCrashed)
            return;
        CheckWaiting();
        CrashNow();
    }

    /// <summary>Looks at the copies that were made during the step.</summary>
    private void CheckWaiting()
    {
        foreach ((SimulatedDisk disk, CrashPlan plan, string kind, int must, long offset) in _waiting)
        {
            _inHook = true;
            try
            {
                Try(disk, plan, kind, must);
            }
            catch (ScriptFailureException e)
            {
                throw WithScript(e, plan, offset);
            }
            catch (Exception e)
            {
                throw WithScript(new ScriptFailureException(e.ToString(), e), plan, offset);
            }
            finally
            {
                _inHook = false;
            }
        }

        _waiting.Clear();
    }

    /// <summary>The machine stops as the script says and comes back.</summary>
    private void CrashNow()
    {
        CrashPlan plan = _armed!;
        _armed = null;
        _isOpen = false;
        _disk.CrashAt = 0;
        try
        {
            _workload.Abandon();
            _counts.AddPoint("of the machine itself");
            int must = _workload.Must;
            _disk.Stop(plan.Fate);
            must = StopAgain(_disk, plan, must);
            _disk.CrashAt = 0;
            _inHook = true; // recovery of a script's crash is looked at by other plans
            _workload.Open(NewWorld(_disk));
            _isOpen = true;
            if (_workload.Newest < must)
                throw new ScriptFailureException($"state {must} had come back and was lost again: {_workload.Newest}");
        }
        catch (ScriptFailureException e)
        {
            throw WithScript(e, null);
        }
        catch (Exception e)
        {
            throw WithScript(new ScriptFailureException(e.ToString(), e), null);
        }
        finally
        {
            _inHook = false;
        }
    }

    private void AfterOperation(SimulatedDisk disk, DiskOperation operation)
    {
        if (_inHook || _options.Every == 0 || _step < _options.FromStep)
            return;
        long number = disk.Operations;
        SplitMix random = new((_seed * 0x9E3779B97F4A7C15UL) ^ (ulong)number);
        if (_options.Every > 1 && random.Next(_options.Every) != 0)
            return;
        if (_stepPoints >= _options.MostPerStep && random.Next(1 + (_stepPoints / 50)) != 0)
            return;
        _stepPoints++;
        _inHook = true;
        CrashPlan plan = CrashPlan.Draw(random);
        try
        {
            string kind = KindOf(operation);
            if (_workload.ChecksAfterSteps)
            {
                foreach (CrashPlan wanted in (CrashPlan[])[plan, .. _options.Plans])
                    _waiting.Add((disk.Clone(), wanted, kind, _workload.Must, number - _stepStart));
                return;
            }

            Try(disk.Clone(), plan, kind, _workload.Must);
            foreach (CrashPlan other in _options.Plans)
                Try(disk.Clone(), plan = other, kind, _workload.Must);

            // Flushes of the directory are rare and each stands for a narrow window: look there more closely.
            for (int i = operation == DiskOperation.FlushDirectory ? 5 : 0; i > 0; i--)
                Try(disk.Clone(), plan = CrashPlan.Draw(random), kind, _workload.Must);
            if (_options.EnumerateRecoveryEvery > 0 && random.Next(_options.EnumerateRecoveryEvery) == 0)
                EnumerateRecovery(disk, random, p => plan = p);
        }
        catch (ScriptFailureException e)
        {
            throw _found ??= WithScript(e, plan);
        }
        catch (Exception e)
        {
            throw _found ??= WithScript(new ScriptFailureException(e.ToString(), e), plan);
        }
        finally
        {
            _inHook = false;
        }
    }

    private void Try(SimulatedDisk copy, CrashPlan plan, string kind, int must, Action? stopped = null)
    {
        _counts.AddPoint(kind);
        copy.Stop(plan.Fate);
        must = StopAgain(copy, plan, must, stopped);
        copy.CrashAt = 0;
        _workload.Check(NewWorld(copy), must, _workload.Newest, linger: false);
        copy.Discard();

        // Engines are finalized: without a pause now and then they would pile up faster than that happens.
        if (_counts.Points % 256 == 0)
            GC.WaitForPendingFinalizers();
    }

    /// <summary>Stops recovery at its first operation, at its second, and so on until it comes through.</summary>
    private void EnumerateRecovery(SimulatedDisk disk, SplitMix random, Action<CrashPlan> tell)
    {
        ulong fate = CrashPlan.DrawFate(random);
        for (ulong operation = 1; ; operation++)
        {
            CrashPlan plan = new(fate, [(operation, CrashPlan.DrawFate(random))]);
            tell(plan);
            bool stopped = false;
            Try(disk.Clone(), plan, "recovery, operation by operation", _workload.Must, () => stopped = true);
            if (!stopped)
                return;
        }
    }

    /// <summary>The further stops of a plan.</summary>
    /// <returns>The state that must come back after them.</returns>
    private int StopAgain(SimulatedDisk disk, CrashPlan plan, int must, Action? stopped = null)
    {
        foreach ((ulong operation, ulong fate) in plan.Again)
        {
            disk.CrashAt = disk.Operations + (long)operation;
            bool before = _inHook;
            _inHook = true;
            try
            {
                must = _workload.Check(NewWorld(disk), must, _workload.Newest, linger: true);
            }
            catch (Exception e) when (disk.IsCrashed && e is not ScriptFailureException)
            {
                stopped?.Invoke();
                _counts.AddPoint("recovery stopped");
            }
            finally
            {
                _inHook = before;
            }

            disk.Stop(fate);
        }

        if (plan.Again.Count > 0)
            _counts.Add($"stops in a row: {plan.Again.Count + 1}");
        return must;
    }

    /// <summary>What a clean close promised survives the loss of power.</summary>
    private void CheckClosed()
    {
        _inHook = true;
        _counts.AddPoint("clean close");
        SimulatedDisk copy = _disk.Clone();
        copy.Stop(1 + _seed);
        try
        {
            int newest = _workload.Newest;
            if (_workload.Check(NewWorld(copy), newest, newest, linger: false) != newest)
                throw new ScriptFailureException("what was closed cleanly is lost");
        }
        catch (ScriptFailureException e)
        {
            throw WithScript(e, null);
        }
        catch (Exception e)
        {
            throw WithScript(new ScriptFailureException("After a clean close: " + e, e), null);
        }
    }

    // The machine's own worlds do not depend on how many copies were looked at.
    private SimulatedWorld NewWorld(SimulatedDisk disk) =>
        new(_seed + (disk == _disk ? (ulong)_worlds++ << 32 : (ulong)++_copies << 40), disk) { SkippedSite = _skipped };

    private string KindOf(DiskOperation operation)
    {
        string name = _disk.LastName;
        string file =
            name.Contains("-spill", StringComparison.Ordinal) ? "spill" :
            name.Contains("-ckpt", StringComparison.Ordinal) ? "checkpoint" :
            name.Contains("-log-", StringComparison.Ordinal) ? "log" :
            name.Length == 0 ? "folder" :
            name.EndsWith(".bmdb", StringComparison.Ordinal) || name.EndsWith("-new", StringComparison.Ordinal) ? "data" :
            name.StartsWith("backup", StringComparison.Ordinal) ? "backup" : "fences";
        return $"{file} {operation.ToString().ToLowerInvariant()}";
    }

    private ScriptFailureException WithScript(ScriptFailureException e, CrashPlan? plan, long? offset = null)
    {
        if (e.Script is not null)
            return e;
        int count = Math.Min(_step + 1, _script.Steps.Count);
        List<ScriptStep> steps = _script.Steps[..count];
        if (plan is not null)
        {
            // The hook's crash as a step of its own, before the step during which it came. A crash of the script that is
            // armed already would come later: it goes.
            int at = _step < _script.Steps.Count ? Math.Max(count - 1, 0) : count;
            if (_armed is not null)
            {
                int armed = steps.FindLastIndex(s => s.Verb == CrashVerb);
                if (armed >= 0)
                {
                    steps.RemoveAt(armed);
                    at--;
                }
            }

            steps.Insert(Math.Max(at, 0), plan.ToStep(offset ?? _disk.Operations - _stepStart));
        }

        e.Script = _script.With(steps);
        return e;
    }
}
