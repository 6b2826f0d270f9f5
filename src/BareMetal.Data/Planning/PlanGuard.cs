using BareMetal.Data.Values;

namespace BareMetal.Data.Planning;

/// <summary>
/// A plan was made for a value of a parameter: it serves another value when that falls into the same class (about as many rows, the same answer to IS NULL
/// and the like). Otherwise the statement is planned again, and both plans are kept.
/// </summary>
/// <param name="Parameter">The parameter's index.</param>
/// <param name="Subject">What the class is about; one guard per parameter and subject is enough.</param>
/// <param name="Classify">The class of a value of the parameter's type.</param>
/// <param name="Class">The class that the plan was made for.</param>
internal sealed record PlanGuard(int Parameter, object Subject, Func<Value, int> Classify, int Class)
{
    /// <summary>Numbers of rows are in one class when they are alike to a factor of about 8.</summary>
    public static int ClassOfRows(double rows) => rows <= 1 ? 0 : (int)(Math.Log2(rows) / 3);
}
