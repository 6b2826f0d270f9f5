using System.Buffers.Text;
using BareMetal.Data.Rows;

namespace BareMetal.Data.Functions.Json;

/// <summary>Changes in JSON text that leave everything else as it was written: set, insert, delete by path.</summary>
internal static class JsonEdit
{
    /// <summary>
    /// Replaces the value at the path, or adds it when only the last step is missing. When an earlier step is missing, or a step leads into a
    /// scalar, the target stays as it is.
    /// </summary>
    public static void Set(ReadOnlySpan<byte> target, ReadOnlySpan<byte[]> path, ReadOnlySpan<byte> value, bool create, RowBuffer output)
    {
        target = JsonText.Trim(target);
        if (path.IsEmpty)
        {
            output.Append(target);
            return;
        }

        switch (target[0])
        {
            case (byte)'{':
                SetMember(target, path, value, create, output);
                break;
            case (byte)'[':
                SetElement(target, path, value, create, output);
                break;
            default:
                output.Append(target);
                break;
        }
    }

    /// <summary>Removes the member or element at the path; nothing happens when there is none.</summary>
    public static void Delete(ReadOnlySpan<byte> target, ReadOnlySpan<byte[]> path, RowBuffer output)
    {
        target = JsonText.Trim(target);
        if (path.IsEmpty || target[0] is not ((byte)'{' or (byte)'['))
        {
            output.Append(target);
            return;
        }

        bool isObject = target[0] == '{';
        output.AppendByte(target[0]);
        bool first = true;
        if (isObject)
        {
            JsonMembers members = new(target);
            while (members.Next())
            {
                bool hit = JsonText.NameIs(members.RawName, path[0]);
                if (hit && path.Length == 1)
                    continue;
                Separator(output, ref first);
                Name(members.RawName, output);
                if (hit)
                    Delete(members.Value, path[1..], output);
                else
                    output.Append(members.Value);
            }
        }
        else
        {
            int index = IndexOf(path[0], JsonText.ArrayLength(target)), i = 0;
            JsonElements elements = new(target);
            while (elements.Next())
            {
                bool hit = i++ == index;
                if (hit && path.Length == 1)
                    continue;
                Separator(output, ref first);
                if (hit)
                    Delete(elements.Value, path[1..], output);
                else
                    output.Append(elements.Value);
            }
        }

        output.AppendByte(isObject ? (byte)'}' : (byte)']');
    }

    /// <summary>Removes members by their names; from an array the strings that are one of the names.</summary>
    public static void DeleteNames(ReadOnlySpan<byte> target, ReadOnlySpan<byte[]> names, RowBuffer output)
    {
        target = JsonText.Trim(target);
        bool first = true;
        output.AppendByte(target[0]);
        JsonMembers members = new(target);
        while (members.Next())
        {
            if (IsOneOf(members.RawName, names))
                continue;
            Separator(output, ref first);
            Name(members.RawName, output);
            output.Append(members.Value);
        }

        JsonElements elements = new(target);
        while (elements.Next())
        {
            if (elements.Value[0] == '"' && IsOneOf(elements.Value[1..^1], names))
                continue;
            Separator(output, ref first);
            output.Append(elements.Value);
        }

        output.AppendByte(target[0] == '{' ? (byte)'}' : (byte)']');

        static bool IsOneOf(ReadOnlySpan<byte> raw, ReadOnlySpan<byte[]> names)
        {
            foreach (byte[] name in names)
            {
                if (JsonText.NameIs(raw, name))
                    return true;
            }

            return false;
        }
    }

    /// <summary>
    /// Adds a value at the path: before the element that is there, or behind it; as a member that is not there yet. When an earlier step is
    /// missing the target stays as it is.
    /// </summary>
    public static void Insert(ReadOnlySpan<byte> target, ReadOnlySpan<byte[]> path, ReadOnlySpan<byte> value, bool after, RowBuffer output, int step = 1)
    {
        target = JsonText.Trim(target);
        if (path.IsEmpty || target[0] is not ((byte)'{' or (byte)'['))
        {
            output.Append(target);
            return;
        }

        bool first = true;
        output.AppendByte(target[0]);
        if (target[0] == '{')
        {
            bool found = false;
            JsonMembers members = new(target);
            while (members.Next())
            {
                Separator(output, ref first);
                Name(members.RawName, output);
                if (!JsonText.NameIs(members.RawName, path[0]))
                {
                    output.Append(members.Value);
                    continue;
                }

                found = true;
                if (path.Length == 1)
                {
                    throw new BareMetalException(SqlStates.InvalidParameterValue, $"The object has a member \"{Utf8.ToString(path[0])}\" already.")
                    {
                        Hint = "jsonb_set replaces the value of a member.",
                    };
                }

                Insert(members.Value, path[1..], value, after, output, step + 1);
            }

            if (!found && path.Length == 1)
            {
                Separator(output, ref first);
                JsonText.WriteString(path[0], output);
                output.AppendByte((byte)':');
                output.Append(value);
            }

            output.AppendByte((byte)'}');
            return;
        }

        int length = JsonText.ArrayLength(target), index = ParseIndex(path[0], step);
        bool isLast = path.Length == 1;
        if (index < 0)
            index = index < -length ? -1 : index + length;
        if (isLast && (index < 0 || length == 0))
        {
            Separator(output, ref first);
            output.Append(value);
            index = int.MaxValue;
        }

        int i = 0;
        JsonElements elements = new(target);
        while (elements.Next())
        {
            bool hit = i++ == index;
            if (hit && isLast && !after)
            {
                Separator(output, ref first);
                output.Append(value);
            }

            Separator(output, ref first);
            if (hit && !isLast)
                Insert(elements.Value, path[1..], value, after, output, step + 1);
            else
                output.Append(elements.Value);
            if (hit && isLast && after)
            {
                Separator(output, ref first);
                output.Append(value);
            }
        }

        if (isLast && index >= length && index != int.MaxValue)
        {
            Separator(output, ref first);
            output.Append(value);
        }

        output.AppendByte((byte)']');
    }

    private static int ParseIndex(ReadOnlySpan<byte> step, int number) =>
        Utf8Parser.TryParse(step, out int index, out int used) && used == step.Length
            ? index
            : throw new BareMetalException(SqlStates.InvalidTextRepresentation, $"The path's step {number}, \"{Utf8.ToString(step)}\", leads into an array but is not a whole number.");

    /// <summary>PostgreSQL's <c>||</c>: objects merge with the right one winning, otherwise both sides become one array.</summary>
    public static void Concat(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right, RowBuffer output)
    {
        left = JsonText.Trim(left);
        right = JsonText.Trim(right);
        bool first = true;
        if (left[0] == '{' && right[0] == '{')
        {
            output.AppendByte((byte)'{');
            JsonMembers members = new(left);
            while (members.Next())
            {
                RowBuffer name = new();
                JsonText.Unescape(members.RawName, name);
                if (JsonText.TryMember(right, name.Span, out _))
                    continue;
                Separator(output, ref first);
                Name(members.RawName, output);
                output.Append(members.Value);
            }

            members = new JsonMembers(right);
            while (members.Next())
            {
                Separator(output, ref first);
                Name(members.RawName, output);
                output.Append(members.Value);
            }

            output.AppendByte((byte)'}');
            return;
        }

        output.AppendByte((byte)'[');
        AppendElements(left, output, ref first);
        AppendElements(right, output, ref first);
        output.AppendByte((byte)']');
    }

    /// <summary>Appends the value without the members that are null, at every level.</summary>
    public static void StripNulls(ReadOnlySpan<byte> json, RowBuffer output)
    {
        json = JsonText.Trim(json);
        bool first = true;
        switch (json[0])
        {
            case (byte)'{':
                output.AppendByte((byte)'{');
                JsonMembers members = new(json);
                while (members.Next())
                {
                    if (members.Value[0] == 'n')
                        continue;
                    Separator(output, ref first);
                    Name(members.RawName, output);
                    StripNulls(members.Value, output);
                }

                output.AppendByte((byte)'}');
                break;
            case (byte)'[':
                output.AppendByte((byte)'[');
                JsonElements elements = new(json);
                while (elements.Next())
                {
                    Separator(output, ref first);
                    StripNulls(elements.Value, output);
                }

                output.AppendByte((byte)']');
                break;
            default:
                output.Append(json);
                break;
        }
    }

    /// <summary>PostgreSQL's <c>@&gt;</c>: whether the right value is contained in the left one.</summary>
    public static bool Contains(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right, bool topLevel = true)
    {
        left = JsonText.Trim(left);
        right = JsonText.Trim(right);
        if (right[0] == '{')
        {
            if (left[0] != '{')
                return false;
            JsonMembers members = new(right);
            RowBuffer name = new();
            while (members.Next())
            {
                name.Clear();
                JsonText.Unescape(members.RawName, name);
                if (!JsonText.TryMember(left, name.Span, out ReadOnlySpan<byte> value) || !Contains(value, members.Value, topLevel: false))
                    return false;
            }

            return true;
        }

        if (right[0] == '[')
        {
            if (left[0] != '[')
                return false;
            JsonElements elements = new(right);
            while (elements.Next())
            {
                if (!AnyContains(left, elements.Value))
                    return false;
            }

            return true;
        }

        // An array holds a scalar, at the top only.
        if (left[0] == '[')
            return topLevel && AnyContains(left, right);
        return left[0] != '{' && JsonNormal.Compare(left, right) == 0;
    }

    private static bool AnyContains(ReadOnlySpan<byte> array, ReadOnlySpan<byte> value)
    {
        bool scalar = value[0] is not ((byte)'{' or (byte)'[');
        JsonElements elements = new(array);
        while (elements.Next())
        {
            if (scalar ? elements.Value[0] is not ((byte)'{' or (byte)'[') && JsonNormal.Compare(elements.Value, value) == 0 : Contains(elements.Value, value, topLevel: false))
                return true;
        }

        return false;
    }

    private static void SetMember(ReadOnlySpan<byte> target, ReadOnlySpan<byte[]> path, ReadOnlySpan<byte> value, bool create, RowBuffer output)
    {
        output.AppendByte((byte)'{');
        bool first = true, found = false;
        JsonMembers members = new(target);
        while (members.Next())
        {
            Separator(output, ref first);
            Name(members.RawName, output);
            if (!JsonText.NameIs(members.RawName, path[0]))
            {
                output.Append(members.Value);
                continue;
            }

            found = true;
            if (path.Length == 1)
                output.Append(value);
            else
                Set(members.Value, path[1..], value, create, output);
        }

        if (!found && create && path.Length == 1)
        {
            Separator(output, ref first);
            JsonText.WriteString(path[0], output);
            output.AppendByte((byte)':');
            output.Append(value);
        }

        output.AppendByte((byte)'}');
    }

    private static void SetElement(ReadOnlySpan<byte> target, ReadOnlySpan<byte[]> path, ReadOnlySpan<byte> value, bool create, RowBuffer output)
    {
        int length = JsonText.ArrayLength(target);
        if (!Utf8Parser.TryParse(path[0], out int index, out int used) || used != path[0].Length)
        {
            throw new BareMetalException(SqlStates.InvalidTextRepresentation, $"The path step \"{Utf8.ToString(path[0])}\" leads into an array but is not a whole number.");
        }

        bool before = false;
        if (index < 0)
        {
            index += length;
            before = index < 0;
        }

        output.AppendByte((byte)'[');
        bool first = true;
        if (before && create && path.Length == 1)
        {
            Separator(output, ref first);
            output.Append(value);
        }

        int i = 0;
        JsonElements elements = new(target);
        while (elements.Next())
        {
            Separator(output, ref first);
            if (i++ != index)
                output.Append(elements.Value);
            else if (path.Length == 1)
                output.Append(value);
            else
                Set(elements.Value, path[1..], value, create, output);
        }

        if (index >= length && create && path.Length == 1)
        {
            Separator(output, ref first);
            output.Append(value);
        }

        output.AppendByte((byte)']');
    }

    private static void AppendElements(ReadOnlySpan<byte> json, RowBuffer output, ref bool first)
    {
        if (json[0] != '[')
        {
            Separator(output, ref first);
            output.Append(json);
            return;
        }

        JsonElements elements = new(json);
        while (elements.Next())
        {
            Separator(output, ref first);
            output.Append(elements.Value);
        }
    }

    private static int IndexOf(ReadOnlySpan<byte> step, int length)
    {
        if (!Utf8Parser.TryParse(step, out int index, out int used) || used != step.Length)
            return -1;
        return index < 0 ? index + length : index;
    }

    private static void Separator(RowBuffer output, ref bool first)
    {
        if (!first)
            output.AppendByte((byte)',');
        first = false;
    }

    private static void Name(ReadOnlySpan<byte> raw, RowBuffer output)
    {
        output.AppendByte((byte)'"');
        output.Append(raw);
        output.Append("\":"u8);
    }
}
