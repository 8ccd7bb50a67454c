package trial

func reuseDelay(b *bench) (err error) {
	b.found.TwReuseDelay, err = hasSysctl("tcp_tw_reuse_delay")
	return err
}

func stepWidth(b *bench) (err error) {
	b.found.PortStepWidth, err = hasSysctl("ip_local_port_step_width")
	return err
}
