package ability

const called = "calls it"

var epollPwait2 = Ability{
	ID:        "epoll_pwait2",
	Name:      "epoll_pwait2() waits to the nanosecond",
	Tried:     called,
	Otherwise: "the load generator then waits with ppoll(), which is as exact",
	is:        func(f Found) *bool { return f.EpollPwait2 }, usual: true,
}

var mountSetattr = Ability{
	ID:        "mount_setattr",
	Name:      "mount_setattr() makes a tree of mounts read-only at once",
	Tried:     called + " with arguments that it must refuse",
	Otherwise: "the driver netns then makes an installed server's files read-only mount by mount, or cannot run it",
	is:        func(f Found) *bool { return f.MountSetattr }, usual: true,
}

var openat2 = Ability{
	ID:        "openat2",
	Name:      "openat2() opens a file without leaving a directory",
	Tried:     called,
	Otherwise: "nothing then changes: no part of lab99 needs it",
	is:        func(f Found) *bool { return f.Openat2 }, usual: true,
}
