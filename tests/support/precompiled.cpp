// Nothing but the headers that all test programs share, precompiled once with this library.
