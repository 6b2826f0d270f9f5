namespace BareMetal.Data.Storage.Trees;

/// <summary>A fault that the integrity check found.</summary>
/// <param name="Page">The page concerned.</param>
/// <param name="Tree">The tree that it was reached through.</param>
/// <param name="Message">What is wrong, with expected and actual.</param>
internal sealed record IntegrityProblem(PageId Page, TreeId Tree, string Message)
{
    /// <inheritdoc/>
    public override string ToString() => $"Page {Page}, tree {Tree}: {Message}";
}
