namespace BareMetal.Data.Storage.Mirroring;

/// <summary>Knows what the content of files must look like, so that a mirror whose sides differ can tell which is right.</summary>
internal interface IContentJudge
{
    /// <summary>How many bytes of a file are to be looked at together, so that no unit lies across two windows.</summary>
    int WindowOf(string name, long length);

    /// <summary>Recognises a whole unit: a page, a header, a group of log records.</summary>
    /// <param name="name">The file.</param>
    /// <param name="start">Where the window lies in it.</param>
    /// <param name="at">Where in the window a unit would begin.</param>
    /// <param name="window">The window as one side has it.</param>
    /// <param name="rank">Of two different whole units the one with the higher rank counts.</param>
    /// <returns>The unit's length; 0 when none is recognised.</returns>
    int Recognise(string name, long start, int at, ReadOnlySpan<byte> window, out ulong rank);
}
