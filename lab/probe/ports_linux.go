package probe

import "fmt"

// UsablePorts reads P of the calling thread's network namespace.
//
// Seen as bound are listeners and, since Linux 6.8, sockets that were bound and
// do nothing yet. A socket that was bound to a port of the range by hand and
// then connected cannot be told from one whose port connect() chose.
func UsablePorts() (Ports, error) {
	d, err := openDiag()
	if err != nil {
		return Ports{}, err
	}
	defer d.close()
	var bound []uint16
	err = d.dump(boundStates, func() { bound = bound[:0] }, func(m diagMsg) { bound = append(bound, m.localPort()) })
	if err != nil {
		return Ports{}, fmt.Errorf("list bound ports: %w", err)
	}
	r, err := ReadPortRange()
	if err != nil {
		return Ports{}, err
	}
	return r.Beside(bound), nil
}

// ReadPortRange reads that of the calling thread's network namespace.
func ReadPortRange() (PortRange, error) {
	all := map[string]string{}
	for _, name := range []string{portRange, reservedPorts} {
		text, err := readSysctl(name)
		if err != nil {
			return PortRange{}, err
		}
		all[name] = text
	}
	return PortRangeOf(all)
}
