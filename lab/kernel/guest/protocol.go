// Package guest is the init of a kernel that package kernel has booted: it mounts
// what programs expect, loads modules, runs the tasks that the initrd names, hands
// their files out, and powers the machine off. It also runs tasks on the host
// itself, for the column of the host's kernel.
//
// An initrd without a shell, a C library and busybox has nothing in it that could
// be of another version on another day.
package guest

// Names in the initrd.
const (
	Init    = "init"       // this program
	Orders  = "tasks.json" // an [Order]
	Modules = "modules"    // in the order of their names
	Home    = "root"
	Tool    = "bin/lab99"
)

// HoldCommand is the argument by which this program measures how long the kernel
// keeps a TIME_WAIT.
const HoldCommand = "hold"

// Mark begins each line that the init prints: mark, the guest's CLOCK_MONOTONIC in
// seconds, a word, and what belongs to it. The kernel prints lines of its own
// between them.
const Mark = "@lab99"

// The words.
const (
	WordUp     = "up"   // and the kernel's release
	WordTick   = "tick" // twice a second, for the host to hold the two clocks together
	WordTask   = "task" // and its name: it begins
	WordEnd    = "end"  // and its name: it is over, and its files are on the disk
	WordNote   = "note"
	WordFailed = "failed"
	WordDone   = "done" // all tasks have ended
)

// Order is what the guest is to do.
type Order struct {
	Disk  string `json:"disk"` // the block device that takes the results
	Tasks []Task `json:"tasks"`
}

// Task is one program to run.
type Task struct {
	Name   string   `json:"name"`
	Argv   []string `json:"argv"`    // "{out}" in it is a directory whose files are handed out
	LimitS float64  `json:"limit_s"` // it is killed after that
	Beside bool     `json:"beside"`  // it runs while the others do, from the beginning on
	Again  []int    `json:"again"`   // it is run once more, as its name and Second, if it exits with one of these
}

// Second is appended to the name of a task that was run again.
const Second = ".2"

// Outcome is what became of one. Times are of the guest's CLOCK_MONOTONIC.
type Outcome struct {
	Name     string  `json:"name"`
	Exit     int     `json:"exit"` // -1: it did not start, or a signal ended it
	Why      string  `json:"why,omitempty"`
	FromS    float64 `json:"from_s"`
	ToS      float64 `json:"to_s"`
	TimedOut bool    `json:"timed_out,omitempty"`
}

// OutcomeFile is that of a task in the archive, below the task's name; beside it
// are its standard output and standard error, and its files in FilesDir.
const (
	OutcomeFile = "outcome.json"
	StdoutFile  = "stdout"
	StderrFile  = "stderr"
	FilesDir    = "files"
)

// Held is how long TIME_WAITs stayed.
type Held struct {
	Made int       `json:"made"`
	S    []float64 `json:"s"` // of each that ended, in seconds
}
