using System.Text;
using BareMetal.Data.Tests.Ado;
using BareMetal.Data.Tests.Spilling;
using Xunit;

namespace BareMetal.Data.Tests.Copy;

/// <summary>Runs alone: the memory of the whole process is looked at.</summary>
[Collection(nameof(LiveMemoryTests))]
public sealed class CopyMemoryTests : AdoTestBase
{
    [Fact]
    public void Memory_does_not_follow_the_data()
    {
        Run("CREATE TABLE big (s text)");
        using Endless data = new(200_000, 400);
        long before = GC.GetTotalMemory(true);
        long most = 0;
        Connection.CopyFrom("COPY big FROM STDIN CSV WHERE s = ''", data, new Watch(() => most = Math.Max(most, GC.GetTotalMemory(true) - before)));
        Assert.True(data.Given > 80_000_000);
        Assert.True(most < 60_000_000, $"{most}");
    }

    private sealed class Watch(Action action) : IProgress<long>
    {
        public void Report(long value) => action();
    }

    private sealed class Endless(int rows, int width) : Stream
    {
        private readonly byte[] _row = Encoding.ASCII.GetBytes(new string('x', width) + "\n");
        private int _left = rows;

        public long Given { get; private set; }

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count)
        {
            int given = 0;
            while (_left > 0 && count - given >= _row.Length)
            {
                _row.CopyTo(buffer, offset + given);
                given += _row.Length;
                _left--;
            }

            Given += given;
            return given;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
