package loadgen

// theEngine drives all runs. Tests put the portable one here.
var theEngine = epollEngine
