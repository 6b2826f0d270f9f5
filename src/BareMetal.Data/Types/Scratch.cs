using BareMetal.Data.Rows;

namespace BareMetal.Data.Types;

/// <summary>Lends a buffer per thread for building short-lived bytes, so that kernels need not allocate one per row.</summary>
internal static class Scratch
{
    private const int KeptCapacity = 1 << 20;

    [ThreadStatic]
    private static RowBuffer? t_buffer;

    public static RowBuffer Rent()
    {
        RowBuffer buffer = t_buffer ?? new RowBuffer(1024);
        t_buffer = null;
        buffer.Clear();
        return buffer;
    }

    public static void Return(RowBuffer buffer)
    {
        if (buffer.Array.Length <= KeptCapacity)
            t_buffer = buffer;
    }
}
