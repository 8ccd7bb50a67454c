package explain

// Call is the system call that failed, by what the line says.
type Call string

const (
	CallUnknown Call = ""        // the line does not tell
	CallConnect Call = "connect" // towards a destination
	CallBind    Call = "bind"    // of a connection's own address, before connect()
	CallListen  Call = "listen"  // bind() or listen() of a server's own address
	CallSocket  Call = "socket"  // any call that needs a descriptor
	CallOther   Call = "other"   // of a connection that is up: recv(), send()
	CallNone    Call = "none"    // none: the program did not try
)

// Reading is what a dialect finds in a line. It draws no conclusion.
type Reading struct {
	Program string // whose line it is
	Call    Call
	Errno   int // 0: the line does not tell
	// Source and Destination are as the line has them: an address, a name, a
	// socket's path, with a port or without.
	Source, Destination string
	// Peers is the group of peers that the line names in place of a destination.
	Peers string
	// Guess: the words are everybody's, and whose line it is is not known.
	Guess bool
	// Foreign: the errno is another system's, which has other numbers.
	Foreign bool
}
