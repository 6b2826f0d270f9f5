using System.Data;
using System.Text;
using BareMetal.Data.Catalog.Ddl;
using BareMetal.Data.Sessions;
using BareMetal.Data.Sql;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data;

/// <summary>
/// What a command keeps between executions: the prepared text, what its parameters were declared as, and the array that their values
/// travel in. As long as text and types stay the same an execution only fills in values.
/// </summary>
internal sealed class CommandUnit
{
    private PreparedCommand? _prepared;
    private string? _text;
    private CommandCache? _commands;
    private ParameterDeclaration[] _declared = [];
    private Value[] _values = [];
    private bool _valuesInUse;
    private BareMetalParameterCollection? _parameters;
    private string _procedure = "";
    private string _call = "";

    /// <summary>How the command was bound last: whether parameters take outputs, and whether it calls a procedure by its name.</summary>
    public bool TakesOutputs { get; private set; }

    public bool IsCall { get; private set; }

    /// <summary>As the other overload; of a stored procedure the text is its name.</summary>
    public PreparedCommand Bind(Session session, CommandType type, string text, BareMetalParameterCollection? parameters, out Value[] values)
    {
        IsCall = type == CommandType.StoredProcedure;
        return Bind(session, IsCall ? CallOf(text, parameters) : text, parameters, out values);
    }

    /// <summary>Gives the command's parameters what a procedure gave.</summary>
    public void TakeOutputs(CommandExecution execution)
    {
        foreach (OutputValue output in execution.Outputs)
        {
            if (_parameters is not null && output.Parameter < _parameters.Count && _parameters[output.Parameter] is { Direction: not ParameterDirection.Input } parameter)
                parameter.Take(output.Value, output.Type);
        }
    }

    /// <summary>CALL [@result =] name(parameter => @parameter, …).</summary>
    private string CallOf(string name, BareMetalParameterCollection? parameters)
    {
        StringBuilder call = new("CALL ");
        for (int i = 0; i < (parameters?.Count ?? 0); i++)
        {
            if (parameters![i].Direction == ParameterDirection.ReturnValue)
                Marker(parameters[i].Key, i).Append(" = ");
        }

        call.Append(IsName(name) ? name : SqlText.Quote(name)).Append('(');
        bool any = false;
        for (int i = 0; i < (parameters?.Count ?? 0); i++)
        {
            BareMetalParameter parameter = parameters![i];
            if (parameter.Direction == ParameterDirection.ReturnValue)
                continue;
            if (any)
                call.Append(", ");
            any = true;
            if (parameter.Key.Length > 0)
                call.Append(SqlText.Quote(parameter.Key)).Append(" => ");
            Marker(parameter.Key, i);
        }

        call.Append(')');

        // The same text is the same object, so that what was prepared is found at once.
        if (_procedure != name || !call.Equals(_call.AsSpan()))
            (_procedure, _call) = (name, call.ToString());
        return _call;

        StringBuilder Marker(string key, int index) => key.Length > 0 ? call.Append('@').Append(key) : call.Append('$').Append(index + 1);
    }

    private static bool IsName(string text)
    {
        try
        {
            SqlParser.ParseQualifiedName(text);
            return true;
        }
        catch (BareMetalException)
        {
            // A name with blanks or the like: it is quoted.
            return false;
        }
    }

    /// <summary>Forgets the prepared text.</summary>
    public void Forget() => _prepared = null;

    /// <summary>Prepares the text unless it is prepared, and binds the parameters' values.</summary>
    public PreparedCommand Bind(Session session, string text, BareMetalParameterCollection? parameters, out Value[] values)
    {
        int count = parameters?.Count ?? 0;
        _parameters = parameters;
        TakesOutputs = false;
        bool same = _prepared is not null && ReferenceEquals(_commands, session.Commands)
            && (ReferenceEquals(_text, text) || _text == text) && _declared.Length == count;
        values = _values;
        if (count > 0)
        {
            if (_valuesInUse || values.Length != count)
            {
                values = new Value[count];
                if (!_valuesInUse)
                    _values = values;
            }

            for (int i = 0; i < count; i++)
            {
                BareMetalParameter parameter = parameters![i];
                values[i] = parameter.Bind(out SqlType type);
                TakesOutputs |= parameter.Direction != ParameterDirection.Input;
                string name = parameter.Key;
                if (same)
                {
                    ref readonly ParameterDeclaration declared = ref _declared[i];
                    if ((ReferenceEquals(declared.Type, type) || declared.Type == type) && (declared.Name ?? "") == name)
                        continue;
                    same = false;
                }

                // From here on the declarations and the prepared text may differ, also when a later value can't be bound.
                _prepared = null;

                if (_declared.Length != count)
                    _declared = new ParameterDeclaration[count];
                _declared[i] = new ParameterDeclaration(name.Length == 0 ? null : name, type);
            }
        }
        else
        {
            values = [];
            if (_declared.Length != 0)
                _declared = [];
        }

        if (!same)
        {
            _prepared = null;
            _prepared = session.Prepare(text, _declared);
            _text = text;
            _commands = session.Commands;
            // The declarations may be kept by the prepared command, so the next change makes its own.
            _declared = (ParameterDeclaration[])_declared.Clone();
        }

        if (ReferenceEquals(values, _values))
            _valuesInUse = count > 0;
        return _prepared!;
    }

    /// <summary>The execution has ended: its values' array may serve the next.</summary>
    public void Release(Value[] values)
    {
        if (ReferenceEquals(values, _values))
            _valuesInUse = false;
    }
}
