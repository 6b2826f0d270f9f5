using BareMetal.Data.Functions.Aggregates;
using BareMetal.Data.Functions.Scalars;

namespace BareMetal.Data.Functions;

/// <summary>Fills a registry with every function of the engine; docs/functions.md lists them.</summary>
internal static class BuiltinFunctions
{
    public static FunctionRegistry Create()
    {
        FunctionRegistry registry = new();
        Definitions define = new(registry);
        ArithmeticFunctions.Define(define);
        ComparisonFunctions.Define(define);
        MathFunctions.Define(define);
        TextFunctions.Define(define);
        PatternFunctions.Define(define);
        RegexpFunctions.Define(define);
        OverlapFunctions.Define(define);
        BinaryFunctions.Define(define);
        DateTimeFunctions.Define(define);
        IntervalFunctions.Define(define);
        Scalars.Templates.TemplateFunctions.Define(define);
        JsonFunctions.Define(define);
        JsonPathFunctions.Define(define);
        ArrayFunctions.Define(define);
        SystemFunctions.Define(define);
        AggregateFunctions.Define(define);
        TableFunctions.Define(define);
        Catalog.SystemFunctions.Register(registry);
        return registry;
    }
}
