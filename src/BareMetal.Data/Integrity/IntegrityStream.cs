using System.Threading.Channels;
using BareMetal.Data.Sessions;
using BareMetal.Data.Storage;
using BareMetal.Data.Storage.Recovery;
using BareMetal.Data.Storage.Trees;

namespace BareMetal.Data.Integrity;

/// <summary>Runs a check on a worker and gives its findings one by one: the check waits when nobody takes them.</summary>
internal static class IntegrityStream
{
    private const int Held = 256;

    public static async IAsyncEnumerable<BareMetalIntegrityProblem> Run(
        Action<Action<BareMetalIntegrityProblem>, CancellationToken> check,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Channel<BareMetalIntegrityProblem> channel = Channel.CreateBounded<BareMetalIntegrityProblem>(new BoundedChannelOptions(Held) { SingleReader = true, SingleWriter = true });
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using SemaphoreSlim room = new(Held, Held);

        // A thread of its own: a check is long, and waits while its findings are not taken.
        Task worker = Task.Factory.StartNew(
            () =>
            {
                try
                {
                    check(
                        problem =>
                        {
                            room.Wait(stop.Token);
                            channel.Writer.TryWrite(problem);
                        },
                        stop.Token);
                    channel.Writer.Complete();
                }
                catch (Exception e)
                {
                    channel.Writer.Complete(e); // thrown where the findings are read
                }
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        try
        {
            while (await channel.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
            {
                while (channel.Reader.TryRead(out BareMetalIntegrityProblem? problem))
                {
                    room.Release();
                    yield return problem;
                }
            }
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await worker.ConfigureAwait(false);
        }
    }

    /// <summary>Checks the files of a database that can't be opened.</summary>
    public static void CheckClosed(DatabaseOptions options, BareMetalException why, Action<BareMetalIntegrityProblem> report, CancellationToken cancellation)
    {
        report(new BareMetalIntegrityProblem
        {
            Kind = BareMetalIntegrityProblemKind.Open,
            Message = why.Message,
            File = (why.InnerException as StorageException)?.File,
            Page = why.InnerException is StorageException { Page: { IsNone: false } page } ? (long)page.Value : null,
        });
        (IStorageProvider provider, string name) = Sessions.Database.Place(options, create: false);
        using IDisposable owner = provider.AcquireOwnerLock(Sessions.Database.OwnerLockName(name), options.OpenTimeout);
        FileChecker.CheckClosed(provider, name, p => report(new BareMetalIntegrityProblem
        {
            Kind = p.Kind switch
            {
                IntegrityProblemKind.Header => BareMetalIntegrityProblemKind.Header,
                IntegrityProblemKind.Log => BareMetalIntegrityProblemKind.Log,
                _ => BareMetalIntegrityProblemKind.Page,
            },
            Message = p.Message,
            File = p.File,
            Page = p.Page.IsNone ? null : (long)p.Page.Value,
        }), cancellation);
    }
}
