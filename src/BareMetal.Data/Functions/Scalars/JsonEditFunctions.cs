using System.Globalization;
using BareMetal.Data.Functions.Json;
using BareMetal.Data.Rows;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Functions.Scalars;

/// <summary>
/// Functions and operators that give a changed document. On jsonb they refuse what PostgreSQL refuses; on json, which PostgreSQL cannot
/// change, a path into a scalar leaves it as it is.
/// </summary>
internal static class JsonEditFunctions
{
    private static readonly SqlType Texts = SqlType.ArrayOf(SqlType.Text);

    private delegate void Change(Value[] v, RowBuffer output);

    public static void Define(Definitions define, SqlType json, string prefix)
    {
        SqlType text = SqlType.Text, integer = SqlType.Integer, boolean = SqlType.Boolean;
        bool strict = json.Kind == SqlTypeKind.Jsonb;
        Edit("||", (v, output) => JsonEdit.Concat(Bytes(v[0]), Bytes(v[1]), output), json, json);
        Edit("-", (v, output) => DeleteNames(v[0], [Bytes(v[1]).ToArray()], output), json, text);
        Edit("-", (v, output) => DeleteNames(v[0], Names(v[1]), output), json, Texts);
        Edit("-", (v, output) =>
        {
            if (strict && JsonText.KindOf(Bytes(v[0])) == '{')
                throw new BareMetalException(SqlStates.InvalidParameterValue, "An element is deleted by number from an array, not from an object.") { Hint = "A member is deleted by its name: document - 'name'." };
            Refuse(v[0], strict, "Something is deleted");
            if (JsonText.KindOf(Bytes(v[0])) == '[')
                JsonEdit.Delete(Bytes(v[0]), [Utf8.ToBytes(v[1].As<int>().ToString(CultureInfo.InvariantCulture))], output);
            else
                output.Append(Bytes(v[0]));
        }, json, integer);
        Edit("#-", (v, output) =>
        {
            byte[][] path = Path(v[1]);
            Refuse(v[0], strict, "Something is deleted by path");
            if (strict && !IsEmpty(v[0]))
                CheckSteps(v[0], path);
            JsonEdit.Delete(Bytes(v[0]), path, output);
        }, json, Texts);
        define.AddValues(prefix + "_set", json, (v, _) => SetValue(v, create: true, json.Kind, strict), [json, Texts, json]);
        define.AddValues(prefix + "_set", json, (v, _) => SetValue(v, v[3].As<bool>(), json.Kind, strict), [json, Texts, json, boolean]);
        Edit(prefix + "_insert", (v, output) => Insert(v, after: false, strict, output), json, Texts, json);
        Edit(prefix + "_insert", (v, output) => Insert(v, v[3].As<bool>(), strict, output), json, Texts, json, boolean);
        Edit(prefix + "_strip_nulls", (v, output) => JsonEdit.StripNulls(Bytes(v[0]), output), json);
        foreach (SqlType[] form in new SqlType[][] { [json, Texts, json], [json, Texts, json, boolean], [json, Texts, json, boolean, text] })
            define.AddValues(prefix + "_set_lax", json, (v, _) => SetLax(v, json.Kind, strict), form, strict: false);

        void Edit(string name, Change change, params SqlType[] parameters) => define.AddValues(name, json, (v, _) =>
        {
            RowBuffer output = new(64);
            change(v, output);
            return JsonWriter.ToValue(json.Kind, output);
        }, parameters);

        void DeleteNames(in Value target, byte[][] names, RowBuffer output)
        {
            Refuse(target, strict, "Something is deleted");
            if (JsonText.KindOf(Bytes(target)) is '{' or '[')
                JsonEdit.DeleteNames(Bytes(target), names, output);
            else
                output.Append(Bytes(target));
        }
    }

    private static Value SetValue(Value[] v, bool create, SqlTypeKind kind, bool strict)
    {
        // What is there already is exchanged in its place, which the structural index knows; all around it stays byte by byte.
        ByteSlice target = v[0].As<ByteSlice>();
        byte[][] path = Path(v[1]);
        JsonCursor cursor = new(target);
        if (path.Length > 0 && cursor.TryPath(path))
        {
            ReadOnlySpan<byte> whole = target.Span, old = cursor.Value, value = JsonText.Trim(Bytes(v[2]));
            int at = (int)System.Runtime.CompilerServices.Unsafe.ByteOffset(
                ref System.Runtime.InteropServices.MemoryMarshal.GetReference(whole), ref System.Runtime.InteropServices.MemoryMarshal.GetReference(old));
            byte[] changed = new byte[whole.Length - old.Length + value.Length];
            whole[..at].CopyTo(changed);
            value.CopyTo(changed.AsSpan(at));
            whole[(at + old.Length)..].CopyTo(changed.AsSpan(at + value.Length));
            return Value.From(kind, new ByteSlice(changed));
        }

        RowBuffer output = new(64);
        Set(v, create, strict, output);
        return JsonWriter.ToValue(kind, output);
    }

    private static void Set(Value[] v, bool create, bool strict, RowBuffer output)
    {
        byte[][] path = Path(v[1]);
        Refuse(v[0], strict, "A value is set by path");
        if (!create && IsEmpty(v[0]))
            path = [];
        JsonEdit.Set(Bytes(v[0]), path, Bytes(v[2]), create, output);
    }

    private static void Insert(Value[] v, bool after, bool strict, RowBuffer output)
    {
        byte[][] path = Path(v[1]);
        Refuse(v[0], strict, "A value is inserted by path");
        JsonEdit.Insert(Bytes(v[0]), path, Bytes(v[2]), after, output);
    }

    /// <summary>jsonb_set whose new value may be null: what is done then is the last argument.</summary>
    private static Value SetLax(Value[] v, SqlTypeKind kind, bool strict)
    {
        if (v[0].IsNull || v[1].IsNull || (v.Length > 3 && v[3].IsNull))
            return Value.Null(kind);
        if (v.Length > 4 && v[4].IsNull)
            throw new BareMetalException(SqlStates.InvalidParameterValue, "What jsonb_set_lax does with a null must be given.") { Hint = "It is 'use_json_null', 'delete_key', 'return_target' or 'raise_exception'." };
        bool create = v.Length < 4 || v[3].As<bool>();
        RowBuffer output = new(64);
        if (!v[2].IsNull)
        {
            Set(v, create, strict, output);
            return JsonWriter.ToValue(kind, output);
        }

        switch (v.Length > 4 ? Utf8.ToString(v[4]) : "use_json_null")
        {
            case "use_json_null":
                Set([v[0], v[1], Value.From(kind, new ByteSlice(JsonText.NullLiteral))], create, strict, output);
                break;
            case "delete_key":
                Refuse(v[0], strict, "Something is deleted by path");
                byte[][] path = Path(v[1]);
                if (strict && !IsEmpty(v[0]))
                    CheckSteps(v[0], path);
                JsonEdit.Delete(Bytes(v[0]), path, output);
                break;
            case "return_target":
                return v[0];
            case "raise_exception":
                throw new BareMetalException(SqlStates.NullValueNotAllowed, "The new value of jsonb_set_lax is null, and it was told to refuse that.");
            default:
                throw new BareMetalException(SqlStates.InvalidParameterValue, "What jsonb_set_lax does with a null is 'use_json_null', 'delete_key', 'return_target' or 'raise_exception'.");
        }

        return JsonWriter.ToValue(kind, output);
    }

    private static void Refuse(in Value target, bool strict, string what)
    {
        if (strict && JsonText.KindOf(Bytes(target)) is not ('{' or '['))
            throw new BareMetalException(SqlStates.InvalidParameterValue, $"{what} in an object or array, but the document is a scalar.");
    }

    /// <summary>Whether the document is an object or array with nothing in it: a path is not even looked at then.</summary>
    private static bool IsEmpty(in Value target)
    {
        ReadOnlySpan<byte> json = JsonText.Trim(Bytes(target));
        return json.Length >= 2 && json[0] is (byte)'{' or (byte)'[' && JsonText.SkipWhite(json, 1) == json.Length - 1;
    }

    /// <summary>Throws where a step leads into an array without being a number.</summary>
    private static void CheckSteps(in Value target, byte[][] path)
    {
        JsonCursor cursor = new(target.As<ByteSlice>());
        for (int i = 0; i < path.Length; i++)
        {
            if (cursor.Kind == '[' && !(System.Buffers.Text.Utf8Parser.TryParse(path[i], out int _, out int used) && used == path[i].Length))
                throw new BareMetalException(SqlStates.InvalidTextRepresentation, $"The path's step {i + 1}, \"{Utf8.ToString(path[i])}\", leads into an array but is not a whole number.");
            if (!cursor.TryStep(path[i]))
                return;
        }
    }

    /// <summary>The steps of a path, none of which may be null.</summary>
    private static byte[][] Path(in Value array)
    {
        Value[] items = array.As<ArrayValue>().Items;
        byte[][] steps = new byte[items.Length][];
        for (int i = 0; i < steps.Length; i++)
        {
            if (items[i].IsNull)
                throw new BareMetalException(SqlStates.NullValueNotAllowed, $"The path's step {i + 1} is null.");
            steps[i] = Bytes(items[i]).ToArray();
        }

        return steps;
    }

    private static byte[][] Names(in Value array) => [.. array.As<ArrayValue>().Items.Where(i => !i.IsNull).Select(i => Bytes(i).ToArray())];

    private static ReadOnlySpan<byte> Bytes(in Value value) => value.As<ByteSlice>().Span;
}
