using System.Data;

namespace BareMetal.Data.Tests.Transactions;

/// <summary>
/// For each anomaly the interleaving that shows it where it can happen. The registers are 1 = 10 and 2 = 20 at the beginning. A transaction that the engine
/// ends (a serialization failure, a deadlock) has not taken part.
/// </summary>
internal static class AnomalyScenarios
{
    /// <summary>Runs the interleaving; says whether the anomaly occurred.</summary>
    public static async Task<bool> OccursAsync(Anomaly anomaly, IsolationLevel level, Func<IRegisterSession> open)
    {
        await using Actor a = new(open(), level);
        await using Actor b = new(open(), level);
        await using Actor c = new(open(), level);
        switch (anomaly)
        {
            case Anomaly.G0_dirty_write:
            {
                await a.BeginAsync();
                await b.BeginAsync();
                await a.WriteAsync(1, 11);
                Task second = b.WriteAsync(1, 12);
                await a.WriteAsync(2, 21);
                await a.CommitAsync();
                await second;
                await b.WriteAsync(2, 22);
                await b.CommitAsync();
                (int? one, int? two) = (await c.ReadAsync(1), await c.ReadAsync(2));
                return (one, two) is not ((12, 22) or (11, 21));
            }

            case Anomaly.G1a_aborted_read:
            {
                await a.BeginAsync();
                await b.BeginAsync();
                await a.WriteAsync(1, 101);
                int? before = await b.ReadAsync(1);
                await a.RollbackAsync();
                int? after = await b.ReadAsync(1);
                return await b.CommitAsync() && (before == 101 || after == 101);
            }

            case Anomaly.G1b_intermediate_read:
            {
                await a.BeginAsync();
                await b.BeginAsync();
                await a.WriteAsync(1, 101);
                int? before = await b.ReadAsync(1);
                await a.WriteAsync(1, 11);
                await a.CommitAsync();
                int? after = await b.ReadAsync(1);
                return await b.CommitAsync() && (before == 101 || after == 101);
            }

            case Anomaly.Dirty_read:
            {
                await a.BeginAsync();
                await b.BeginAsync();
                await a.WriteAsync(1, 11);
                int? seen = await b.ReadAsync(1);
                await a.CommitAsync();
                return await b.CommitAsync() && seen == 11;
            }

            case Anomaly.G1c_circular_information_flow:
            {
                await a.BeginAsync();
                await b.BeginAsync();
                await a.WriteAsync(1, 11);
                await b.WriteAsync(2, 22);
                int? byA = await a.ReadAsync(2);
                int? byB = await b.ReadAsync(1);
                bool both = await a.CommitAsync() & await b.CommitAsync();
                return both && byA == 22 && byB == 11;
            }

            case Anomaly.OTV_observed_transaction_vanishes:
            {
                await a.BeginAsync();
                await b.BeginAsync();
                await a.WriteAsync(1, 11);
                await a.WriteAsync(2, 19);
                Task waiting = b.WriteAsync(1, 12);
                await a.CommitAsync();
                await c.BeginAsync();
                int? first = await c.ReadAsync(1);
                await waiting;
                await b.WriteAsync(2, 18);
                int? second = await c.ReadAsync(2);
                await b.CommitAsync();
                int? third = await c.ReadAsync(2);
                int? fourth = await c.ReadAsync(1);
                bool sawLater = first == 12 || second == 18 || third == 18;
                return await c.CommitAsync() && ((sawLater && fourth == 11) || (first == 11 && second == 20));
            }

            case Anomaly.PMP_predicate_many_preceders:
            {
                await a.BeginAsync();
                List<int> first = await a.FindMultiplesAsync(30);
                await b.BeginAsync();
                await b.InsertAsync(3, 30);
                await b.CommitAsync();
                List<int> second = await a.FindMultiplesAsync(3);
                return await a.CommitAsync() && first.Count == 0 && second.Count > 0;
            }

            case Anomaly.Phantom_read:
            {
                await a.BeginAsync();
                List<int> first = await a.FindMultiplesAsync(3);
                await b.BeginAsync();
                await b.InsertAsync(3, 30);
                await b.CommitAsync();
                List<int> second = await a.FindMultiplesAsync(3);
                return await a.CommitAsync() && !first.SequenceEqual(second);
            }

            case Anomaly.P4_lost_update:
            {
                await a.BeginAsync();
                await b.BeginAsync();
                int? byA = await a.ReadAsync(1);
                int? byB = await b.ReadAsync(1);
                await a.WriteAsync(1, byA!.Value + 1);
                Task second = b.WriteAsync(1, byB!.Value + 1);
                bool first = await a.CommitAsync();
                await second;
                return (await b.CommitAsync() & first) && await c.ReadAsync(1) == 11;
            }

            case Anomaly.G_single_read_skew:
            {
                await a.BeginAsync();
                await b.BeginAsync();
                int? one = await a.ReadAsync(1);
                await b.ReadAsync(1);
                await b.ReadAsync(2);
                await b.WriteAsync(1, 12);
                await b.WriteAsync(2, 18);
                await b.CommitAsync();
                int? two = await a.ReadAsync(2);
                return await a.CommitAsync() && one == 10 && two == 18;
            }

            case Anomaly.G2_item_write_skew:
            {
                await a.BeginAsync();
                await b.BeginAsync();
                foreach (Actor actor in (Actor[])[a, b])
                {
                    await actor.ReadAsync(1);
                    await actor.ReadAsync(2);
                }

                await a.WriteAsync(1, 11);
                await b.WriteAsync(2, 21);
                return await a.CommitAsync() & await b.CommitAsync();
            }

            case Anomaly.G2_anti_dependency_cycle:
            {
                await a.BeginAsync();
                await b.BeginAsync();
                await a.FindMultiplesAsync(3);
                await b.FindMultiplesAsync(3);
                await a.InsertAsync(3, 30);
                await b.InsertAsync(4, 42);
                return await a.CommitAsync() & await b.CommitAsync();
            }

            case Anomaly.Read_only_transaction_anomaly:
            {
                await a.BeginAsync();
                await a.ReadAsync(1);
                await a.ReadAsync(2);
                await b.BeginAsync();
                await b.WriteAsync(2, 40);
                bool deposited = await b.CommitAsync();
                await c.BeginAsync();
                int? one = await c.ReadAsync(1);
                int? two = await c.ReadAsync(2);
                bool reported = await c.CommitAsync();
                await a.WriteAsync(1, -11);
                return await a.CommitAsync() && deposited && reported && (one, two) is (10, 40);
            }

            default:
                throw new ArgumentOutOfRangeException(nameof(anomaly));
        }
    }

    /// <summary>A transaction of a scenario. Once it has failed, what it would do next is left out.</summary>
    private sealed class Actor(IRegisterSession session, IsolationLevel level) : IAsyncDisposable
    {
        private bool _failed;
        private bool _open;

        public async Task BeginAsync()
        {
            await session.BeginAsync(level);
            _open = true;
        }

        public async Task<int?> ReadAsync(int id)
        {
            int? value = null;
            await TryAsync(async () => value = await session.ReadAsync(id));
            return value;
        }

        public async Task<List<int>> FindMultiplesAsync(int of)
        {
            List<int> found = [];
            await TryAsync(async () => found = await session.FindMultiplesAsync(of));
            return found;
        }

        public Task WriteAsync(int id, int value) => TryAsync(() => session.WriteAsync(id, value));

        public Task InsertAsync(int id, int value) => TryAsync(() => session.InsertAsync(id, value));

        /// <summary>Commits; false when that fails, or something did before.</summary>
        public async Task<bool> CommitAsync()
        {
            await TryAsync(session.CommitAsync);
            _open = false;
            return !_failed;
        }

        public async Task RollbackAsync()
        {
            await session.RollbackAsync();
            _open = false;
        }

        public async ValueTask DisposeAsync()
        {
            if (_open)
                await session.RollbackAsync();
            await session.DisposeAsync();
        }

        private async Task TryAsync(Func<Task> step)
        {
            if (_failed)
                return;
            try
            {
                await step();
            }
            catch (Exception e) when (Unwrap(e) is BareMetalException { SqlState: "40001" or "40P01" })
            {
                _failed = true;
                if (_open)
                    await session.RollbackAsync();
                _open = false;
            }
        }

        private static Exception Unwrap(Exception e)
        {
            while (e is not BareMetalException && e.InnerException is not null)
                e = e.InnerException;
            return e;
        }
    }
}
