using System.Runtime.InteropServices;

namespace BareMetal.Data.Storage.Pages;

/// <summary>A first-in first-out ring in unmanaged memory: what the no-fail section of a commit may append to without a managed allocation.</summary>
internal sealed unsafe class NativeQueue<T> : IDisposable
    where T : unmanaged
{
    private T* _items;
    private int _capacity;
    private int _head;

    public NativeQueue(int capacity = 64)
    {
        _capacity = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(capacity, 4));
        _items = (T*)NativeMemory.Alloc((nuint)_capacity, (nuint)sizeof(T));
        PageMemory.Count((long)_capacity * sizeof(T));
    }

    ~NativeQueue() => Free();

    public int Count { get; private set; }

    public void Enqueue(T item)
    {
        if (Count == _capacity)
        {
            Grow();
        }
        _items[(_head + Count++) & (_capacity - 1)] = item;
    }

    public T Dequeue()
    {
        T item = _items[_head];
        _head = (_head + 1) & (_capacity - 1);
        Count--;
        return item;
    }

    /// <summary>Takes the item that was added last.</summary>
    public T Pop() => _items[(_head + --Count) & (_capacity - 1)];

    public ref T Peek() => ref _items[_head];

    public ref T this[int index] => ref _items[(_head + index) & (_capacity - 1)];

    public void Clear()
    {
        _head = 0;
        Count = 0;
    }

    /// <summary>Gives the memory back. What is added afterwards, by somebody who was late, takes new memory, which goes with the queue.</summary>
    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        NativeMemory.Free(_items);
        PageMemory.Count(-(long)_capacity * sizeof(T));
        _items = null;
        _capacity = 0;
        _head = 0;
        Count = 0;
    }

    private void Grow()
    {
        if (_capacity == 0)
        {
            GC.ReRegisterForFinalize(this);
        }
        int capacity = Math.Max(_capacity * 2, 4);
        var larger = (T*)NativeMemory.Alloc((nuint)capacity, (nuint)sizeof(T));
        PageMemory.Count((long)(capacity - _capacity) * sizeof(T));
        for (int i = 0; i < Count; i++)
        {
            larger[i] = this[i];
        }
        NativeMemory.Free(_items);
        _items = larger;
        _capacity = capacity;
        _head = 0;
    }
}
