using BareMetal.Data.Sessions;
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

    /// <summary>Forgets the prepared text.</summary>
    public void Forget() => _prepared = null;

    /// <summary>Prepares the text unless it is prepared, and binds the parameters' values.</summary>
    public PreparedCommand Bind(Session session, string text, BareMetalParameterCollection? parameters, out Value[] values)
    {
        int count = parameters?.Count ?? 0;
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
