namespace BareMetal.Data.Functions;

/// <summary>One function in FROM.</summary>
/// <param name="Function">The function; null for a plain value, which is a table of one row.</param>
/// <param name="Arguments">How many arguments it takes; 1 for a plain value.</param>
/// <param name="Width">How many columns it gives.</param>
internal readonly record struct TableCall(TableFunction? Function, int Arguments, int Width)
{
    public string Name => Function?.Name ?? "value";
}
