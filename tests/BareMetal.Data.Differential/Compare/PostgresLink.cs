using System.Buffers.Binary;
using System.Data.Common;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace BareMetal.Data.Differential.Compare;

/// <summary>
/// A connection to PostgreSQL by its simple query protocol (version 3, "Message Flow"): text in, text out. Authentication: trust or a
/// password in clear; the server is private to the comparison. Within a transaction every statement gets a savepoint of its own, since here
/// a failed statement undoes itself only.
/// </summary>
internal sealed class PostgresLink : IDisposable
{
    private const string Guard = "differential_guard";

    private readonly Stream _stream;
    private readonly Socket _socket;
    private byte[] _buffer = new byte[64 * 1024];
    private int _at;
    private int _end;
    private bool _inTransaction;

    /// <param name="connectionString">Host (a folder with a socket, or a name), Port, Username, Password, Database.</param>
    public PostgresLink(string connectionString)
    {
        DbConnectionStringBuilder settings = new() { ConnectionString = connectionString };
        string Get(string name, string otherwise) => settings.TryGetValue(name, out object? value) ? (string)value : otherwise;
        string host = Get("Host", "localhost");
        int port = int.Parse(Get("Port", "5432"), CultureInfo.InvariantCulture);
        if (host.StartsWith('/'))
        {
            _socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            _socket.Connect(new UnixDomainSocketEndPoint(Path.Combine(host, $".s.PGSQL.{port}")));
        }
        else
        {
            _socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            _socket.Connect(new DnsEndPoint(host, port));
        }

        _stream = new NetworkStream(_socket, ownsSocket: true);
        byte[] start = Encoding.UTF8.GetBytes($"user\0{Get("Username", "postgres")}\0database\0{Get("Database", "postgres")}\0client_encoding\0UTF8\0DateStyle\0ISO\0TimeZone\0UTC\0\0");
        byte[] message = new byte[8 + start.Length];
        BinaryPrimitives.WriteInt32BigEndian(message, message.Length);
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(4), 3 << 16);
        start.CopyTo(message, 8);
        _stream.Write(message);
        while (true)
        {
            (char kind, ReadOnlySpan<byte> body) = Receive();
            switch (kind)
            {
                case 'R' when BinaryPrimitives.ReadInt32BigEndian(body) == 0:
                    break;
                case 'R' when BinaryPrimitives.ReadInt32BigEndian(body) == 3:
                    Send('p', Get("Password", ""));
                    break;
                case 'R':
                    throw new InvalidOperationException("The PostgreSQL server asks for an authentication other than trust and password.");
                case 'E':
                    throw new InvalidOperationException("PostgreSQL refuses the connection: " + ReadError(body).Message);
                case 'Z':
                    Execute($"SET statement_timeout = {Outcome.MaxSeconds * 1000}");
                    Execute("SET client_min_messages = error");
                    Execute("SET extra_float_digits = 1");
                    Execute("SET bytea_output = hex");
                    return;
            }
        }
    }

    /// <summary>Runs one statement.</summary>
    public Outcome Run(string sql, bool isTransactionControl)
    {
        if (!_inTransaction || isTransactionControl)
            return Execute(sql);
        Execute("SAVEPOINT " + Guard);
        Outcome outcome = Execute(sql);
        if (outcome.Error is not null)
            Execute("ROLLBACK TO " + Guard);
        Execute("RELEASE " + Guard);
        return outcome;
    }

    /// <summary>Runs a statement as it is; an error fails.</summary>
    public void Must(string sql)
    {
        Outcome outcome = Execute(sql);
        if (outcome.Error is not null)
            throw new InvalidOperationException($"PostgreSQL: {outcome.Error} {outcome.Message} in {sql}");
    }

    /// <summary>Ends what a round has left open.</summary>
    public void Reset()
    {
        if (_inTransaction)
            Execute("ROLLBACK");
    }

    private Outcome Execute(string sql)
    {
        Send('Q', sql);
        string[] names = [], types = [];
        List<string?[]> rows = [];
        long affected = -1;
        (string State, string Message)? error = null;
        while (true)
        {
            (char kind, ReadOnlySpan<byte> body) = Receive();
            switch (kind)
            {
                case 'T':
                    ReadColumns(body, out names, out types);
                    break;
                case 'D':
                    // The rest is still to be read, up to the message that ends it.
                    if (rows.Count < Outcome.MaxRows)
                        rows.Add(ReadRow(body, types));
                    else
                        error = (Outcome.TooLarge, "");
                    break;
                case 'C':
                    affected = Affected(Encoding.UTF8.GetString(body[..^1]), names.Length > 0);
                    break;
                case 'E':
                    error = ReadError(body);
                    break;
                case 'Z':
                    _inTransaction = body[0] is (byte)'T' or (byte)'E';
                    return error is null
                        ? new Outcome { Names = names, Types = types, Rows = rows, Affected = affected }
                        : new Outcome { Error = error.Value.State, Message = error.Value.Message };
            }
        }
    }

    private static long Affected(string tag, bool hasRows)
    {
        // CREATE TABLE AS says SELECT and how many rows it wrote.
        string[] words = tag.Split(' ');
        return words[0] is "INSERT" or "UPDATE" or "DELETE" or "MERGE" || (words[0] == "SELECT" && !hasRows) ? long.Parse(words[^1], CultureInfo.InvariantCulture) : -1;
    }

    private static void ReadColumns(ReadOnlySpan<byte> body, out string[] names, out string[] types)
    {
        int count = BinaryPrimitives.ReadInt16BigEndian(body);
        body = body[2..];
        names = new string[count];
        types = new string[count];
        for (int i = 0; i < count; i++)
        {
            int end = body.IndexOf((byte)0);
            names[i] = Encoding.UTF8.GetString(body[..end]);
            types[i] = Canonical.TypeOf(BinaryPrimitives.ReadInt32BigEndian(body[(end + 7)..]));
            body = body[(end + 19)..];
        }
    }

    private static string?[] ReadRow(ReadOnlySpan<byte> body, string[] types)
    {
        string?[] row = new string?[types.Length];
        body = body[2..];
        for (int i = 0; i < row.Length; i++)
        {
            int length = BinaryPrimitives.ReadInt32BigEndian(body);
            body = body[4..];
            if (length < 0)
                continue;
            row[i] = Canonical.FromText(Encoding.UTF8.GetString(body[..length]), types[i]);
            body = body[length..];
        }

        return row;
    }

    private static (string State, string Message) ReadError(ReadOnlySpan<byte> body)
    {
        string state = "", message = "";
        while (body.Length > 0 && body[0] != 0)
        {
            char field = (char)body[0];
            int end = body.IndexOf((byte)0);
            string value = Encoding.UTF8.GetString(body[1..end]);
            if (field == 'C')
                state = value;
            else if (field == 'M')
                message = value;
            body = body[(end + 1)..];
        }

        return (state, message);
    }

    private void Send(char kind, string text)
    {
        int length = Encoding.UTF8.GetByteCount(text);
        byte[] message = new byte[length + 6];
        message[0] = (byte)kind;
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(1), length + 5);
        Encoding.UTF8.GetBytes(text, message.AsSpan(5));
        _stream.Write(message);
    }

    /// <summary>The next message; its bytes are good until the following one.</summary>
    private (char Kind, ReadOnlyMemory<byte> Body) ReceiveMessage()
    {
        Need(5);
        char kind = (char)_buffer[_at];
        int length = BinaryPrimitives.ReadInt32BigEndian(_buffer.AsSpan(_at + 1)) - 4;
        _at += 5;
        Need(length);
        ReadOnlyMemory<byte> body = _buffer.AsMemory(_at, length);
        _at += length;
        return (kind, body);
    }

    private Message Receive()
    {
        (char kind, ReadOnlyMemory<byte> body) = ReceiveMessage();
        return new Message(kind, body.Span);
    }

    private void Need(int count)
    {
        if (_end - _at >= count)
            return;
        if (_at + count > _buffer.Length)
        {
            byte[] buffer = count > _buffer.Length ? new byte[count * 2] : _buffer;
            Array.Copy(_buffer, _at, buffer, 0, _end - _at);
            _end -= _at;
            _at = 0;
            _buffer = buffer;
        }

        while (_end - _at < count)
        {
            int read = _stream.Read(_buffer, _end, _buffer.Length - _end);
            if (read == 0)
                throw new IOException("The PostgreSQL server closed the connection.");
            _end += read;
        }
    }

    public void Dispose() => _stream.Dispose();

    private readonly ref struct Message(char kind, ReadOnlySpan<byte> body)
    {
        private readonly char _kind = kind;
        private readonly ReadOnlySpan<byte> _body = body;

        public void Deconstruct(out char kind, out ReadOnlySpan<byte> body)
        {
            kind = _kind;
            body = _body;
        }
    }
}
