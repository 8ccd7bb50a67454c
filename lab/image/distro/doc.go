// Package distro takes single programs, with the libraries they need, out of
// the packages of the host's own distribution, without installing anything.
//
// It runs the host's apt-get and dpkg-deb on a private state (own lists, cache
// and sources, an empty dpkg database), so it needs no root and leaves
// /var/lib/apt alone. Archives and keyrings are those the host is configured
// with. apt checks the signatures, and nothing here can switch that off. Names
// of library packages are not written down, because they differ from release to
// release: apt resolves the dependencies, and the ELF headers say which of the
// files are needed. A host without apt-get gets an error from [Open]; the
// parsing is portable.
//
// The package could be smaller in two ways. Both were measured, on Debian 12
// and 14:
//
//   - To unpack all that apt-get would install (apt-get download, dpkg-deb -x)
//     saves closure.go, elf.go and half of tree.go, 280 lines. It needs no root
//     either. The root of nginx grows from 10 MB (14) to 31 MB (26), that of
//     Apache, which depends on perl, from 13 MB (19) to 147 MB (105) of 60
//     packages (51). Of these 12 s and 32 s went into dpkg-deb alone, on two busy
//     cores, and the engine would have to load and keep it all.
//   - pault.ag/go/debian (v0.21.4) reads deb822 and dependencies: it saves 50
//     lines. It brings 66 packages, OpenPGP among them, and 2.4 MB to the program.
//     It gives up at a line without a colon, which is dropped here, is particular
//     about upper case, and unescapes key blocks, which would have to be escaped
//     again for apt.
//
// Package lab/image makes container images of the result.
package distro
