namespace BareMetal.Data.Storage.Trees;

/// <summary>Told which leaves a cursor reads, where a missing key would be included; what serializable validation later checks.</summary>
internal interface ILeafObserver
{
    /// <summary>The cursor has looked at a leaf. Called outside any epoch; may be called more than once for the same leaf.</summary>
    void LeafRead(PageId leaf);
}
