namespace BareMetal.Data.Functions.Scalars.Templates;

/// <summary>What a template for dates and times writes: the fields of a moment or an interval.</summary>
internal struct MomentFields
{
    public int Year;
    public int Month;
    public int Day;
    public long Hour;
    public int Minute;
    public int Second;

    /// <summary>Fraction of the second in ticks.</summary>
    public int Ticks;

    /// <summary>The calendar date; null for intervals, which have none.</summary>
    public DateTime? Date;

    /// <summary>Seconds east of UTC.</summary>
    public int Offset;

    /// <summary>The name of the time zone; empty when there is none.</summary>
    public string Zone;
}
