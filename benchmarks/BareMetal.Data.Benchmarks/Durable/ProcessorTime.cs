using System.Diagnostics;
using System.Runtime.InteropServices;

namespace BareMetal.Data.Benchmarks.Durable;

/// <summary>Processor time of threads and of the process. To the nanosecond on Linux; elsewhere threads are not told apart.</summary>
public static class ProcessorTime
{
    private const int ProcessClock = 2;
    private const int ThreadClockBits = 6;

    /// <summary>The calling thread, for <see cref="OfThread"/>.</summary>
    public static int CurrentThread() => OperatingSystem.IsLinux() ? GetThreadId() : 0;

    /// <summary>Seconds that a thread has run; not a number where the system does not tell.</summary>
    public static double OfThread(int thread) => OperatingSystem.IsLinux() ? Read((~thread << 3) | ThreadClockBits) : double.NaN;

    /// <summary>Seconds that all threads of the process have run.</summary>
    public static double OfProcess()
    {
        if (OperatingSystem.IsLinux())
            return Read(ProcessClock);
        using Process process = Process.GetCurrentProcess();
        return process.TotalProcessorTime.TotalSeconds;
    }

    private static double Read(int clock)
    {
        if (GetTime(clock, out Time time) != 0)
            throw new InvalidOperationException("The processor time can't be read.");
        return time.Seconds + (time.Nanoseconds / 1e9);
    }

    [DllImport("libc", EntryPoint = "clock_gettime")]
    private static extern int GetTime(int clock, out Time time);

    [DllImport("libc", EntryPoint = "gettid")]
    private static extern int GetThreadId();

    [StructLayout(LayoutKind.Sequential)]
    private struct Time
    {
        public nint Seconds;
        public nint Nanoseconds;
    }
}
