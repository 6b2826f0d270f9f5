using System.Runtime.ExceptionServices;
using BareMetal.Data.Planning;
using BareMetal.Data.Storage;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Operators;

/// <summary>
/// Aggregates a large scan in parts: each part of the scanned tree is read, joined and grouped by operators of its own, and the groups are merged
/// in the order of the parts, so that they come as from one scan. The caller's thread takes parts too and waits only for those that others have
/// begun, so that a busy thread pool delays nothing. When the groups outgrow memory, the parts are dropped and one thread begins again, spilling.
/// </summary>
internal sealed class ParallelAggregateOperator(AggregateOperator serial, ScanSettings scan, Func<ParallelAggregateOperator.Part> createPart, int maxParts, OperatorBuilder builder)
    : PhysicalOperator, ISpillingOperator
{
    private readonly List<Part> _parts = [];
    private bool _isBegun;
    private bool _isOpen;

    public long SpilledBytes => serial.SpilledBytes;

    public override void Open(QueryContext context)
    {
        Close();
        _isOpen = true;
    }

    public override Batch? Next(QueryContext context)
    {
        if (!_isOpen)
            return null;
        if (!_isBegun)
        {
            _isBegun = true;
            if (!TryInParts(context))
                serial.Open(context);
        }

        return serial.Next(context);
    }

    public override void Close()
    {
        _isBegun = false;
        _isOpen = false;
        serial.Close();
        foreach (Part part in _parts)
            part.Close();
    }

    private bool TryInParts(QueryContext context)
    {
        if (context.MaxParallelism == 1 || context.Transaction is not { AllowsParallelReads: true } transaction)
            return false;
        int threads = ParallelWorkers.Take(maxParts, context.MaxParallelism);
        try
        {
            if (threads < 2)
                return false;
            IReadOnlyList<byte[]> keys = transaction.SplitTree(scan.Index?.Tree ?? scan.Table.Tree, threads);
            if (keys.Count == 0)
                return false;
            while (_parts.Count <= keys.Count)
                _parts.Add(createPart());
            List<Part> parts = _parts[..(keys.Count + 1)];
            Shared shared = new();
            for (int i = 0; i < parts.Count; i++)
                parts[i].Prepare(context, new ScanPart(scan, i == 0 ? [] : keys[i - 1], i == keys.Count ? [] : keys[i]), parts.Count, shared);
            for (int i = 1; i < parts.Count; i++)
                ThreadPool.UnsafeQueueUserWorkItem(parts[i], preferLocal: false);
            foreach (Part part in parts)
                part.Execute();
            foreach (Part part in parts)
                part.Wait();
            return Merge(parts, context);
        }
        finally
        {
            ParallelWorkers.Release(threads);
        }
    }

    private bool Merge(List<Part> parts, QueryContext context)
    {
        foreach (Part part in parts)
            part.Failure?.Throw();
        context.Cancellation.ThrowIfCancellationRequested();
        bool done = parts.TrueForAll(p => p.IsDone);
        if (done)
        {
            long read = 0;
            foreach (Part part in parts)
            {
                part.AddCounters(builder.Counters);
                read += part.RowsRead;
            }

            context.Scans.RowsRead += read;
            context.PartsRead += parts.Count;
            serial.OpenMerged(context, parts.Select(p => p.Operator));
            if (scan.Filter is not null && context.FullScanRows > 0 && read >= context.FullScanRows)
                context.FullScan?.Invoke(scan, read);
        }

        foreach (Part part in parts)
            part.Close();
        return done;
    }

    /// <summary>What the parts of a run have in common.</summary>
    internal sealed class Shared
    {
        private volatile bool _isAbandoned;

        public bool IsAbandoned => _isAbandoned;

        public void Abandon() => _isAbandoned = true;
    }

    /// <summary>The operators that read one part, and its run.</summary>
    internal sealed class Part(AggregateOperator op, IRunScoped[] runScoped, IReadOnlyDictionary<PlanNode, OperatorCounters> counters) : IThreadPoolWorkItem
    {
        private readonly QueryContext _context = new();
        private readonly ManualResetEventSlim _ended = new();
        private Shared _shared = new();
        private int _taken = 1;
        private bool _isOpen;

        public AggregateOperator Operator { get; } = op;

        /// <summary>Whether all of it was read.</summary>
        public bool IsDone { get; private set; }

        public ExceptionDispatchInfo? Failure { get; private set; }

        public long RowsRead => _context.Scans.RowsRead;

        public void Prepare(QueryContext context, ScanPart range, int parts, Shared shared)
        {
            _context.Functions = context.Functions;
            _context.Parameters = context.Parameters;
            _context.Transaction = context.Transaction;
            _context.LockTimeout = context.LockTimeout;
            _context.Cancellation = context.Cancellation;
            _context.BatchSize = context.BatchSize;
            _context.Memory = new MemoryBudget(Math.Max(context.Memory.Limit - context.Memory.Used, 0) / parts);
            _context.Temporary = context.Temporary;
            _context.TemporaryPrefix = context.TemporaryPrefix;
            _context.IsAnalyzing = context.IsAnalyzing;
            _context.Scans = new ScanCounter();
            _context.RunNumber++;
            _context.Part = range;
            _shared = shared;
            _ended.Reset();
            IsDone = false;
            Failure = null;
            _isOpen = true;
            foreach (OperatorCounters c in counters.Values)
                c.Clear();

            // Last: a thread that was asked in a run before, and comes only now, takes a part that is ready or none.
            Volatile.Write(ref _taken, 0);
        }

        /// <summary>Reads the part unless another thread has begun to.</summary>
        public void Execute()
        {
            if (Interlocked.Exchange(ref _taken, 1) != 0)
                return;
            try
            {
                IsDone = !_shared.IsAbandoned && Operator.ReadPart(_context, () => _shared.IsAbandoned);
            }
            catch (Exception e)
            {
                Failure = ExceptionDispatchInfo.Capture(e);
            }

            if (!IsDone)
                _shared.Abandon();
            _ended.Set();
        }

        public void Wait() => _ended.Wait();

        public void AddCounters(Dictionary<PlanNode, OperatorCounters> totals)
        {
            foreach ((PlanNode node, OperatorCounters c) in counters)
            {
                if (totals.TryGetValue(node, out OperatorCounters? total))
                    total.Add(c);
            }
        }

        public void Close()
        {
            if (!_isOpen)
                return;
            _isOpen = false;
            Operator.Close();
            foreach (IRunScoped scoped in runScoped)
                scoped.EndRun();
            _context.Transaction = null;
            _context.Parameters = [];
        }
    }
}
