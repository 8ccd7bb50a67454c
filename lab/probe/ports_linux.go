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
	return UsableBeside(bound)
}

// UsableBeside reads the range of the calling thread's network namespace, for bound
// ports that are known.
func UsableBeside(bound []uint16) (Ports, error) {
	text, err := readSysctl("net.ipv4.ip_local_port_range")
	if err != nil {
		return Ports{}, err
	}
	r, err := parsePortRange(text)
	if err != nil {
		return Ports{}, fmt.Errorf("net.ipv4.ip_local_port_range: %w", err)
	}
	if text, err = readSysctl("net.ipv4.ip_local_reserved_ports"); err != nil {
		return Ports{}, err
	}
	reserved, err := parseReservedPorts(text)
	if err != nil {
		return Ports{}, fmt.Errorf("net.ipv4.ip_local_reserved_ports: %w", err)
	}
	return usablePorts(r, reserved, bound), nil
}
