package doctor

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Privileges is who runs this.
type Privileges struct {
	UID          int    // -1 where there are none
	Capabilities uint64 // effective, by the kernel's bits; 0 where it does not say
}

func readPrivileges() Privileges {
	f := Privileges{UID: os.Geteuid()}
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return f
	}
	for line := range strings.Lines(string(b)) {
		if hex, ok := strings.CutPrefix(line, "CapEff:"); ok {
			f.Capabilities, _ = strconv.ParseUint(strings.TrimSpace(hex), 16, 64)
		}
	}
	return f
}

// What the driver netns needs as root, by the kernel's bits (capability.h).
const (
	capNetAdmin = 1 << 12
	capSysAdmin = 1 << 21
)

func judgePrivileges(f Privileges) Check {
	c := Check{Name: "privileges", Status: OK}
	switch needed := uint64(capNetAdmin | capSysAdmin); {
	case f.UID == 0 && f.Capabilities != 0 && f.Capabilities&needed != needed:
		c.Status, c.Found = Warn, "root, but without NET_ADMIN or SYS_ADMIN, as in a container"
		c.Remedy = "run lab99 on the host itself; an engine that answers will do all the same"
	case f.UID == 0:
		c.Found = "root"
	case f.UID < 0:
		c.Found = "an ordinary account"
	default:
		c.Found = fmt.Sprintf("user %d, not root; neither driver asks for it", f.UID)
	}
	return c
}
