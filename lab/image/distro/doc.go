// Package distro takes single programs, with the libraries they need, out of
// the packages of the host's own distribution, without installing anything.
//
// It drives the host's apt-get and dpkg-deb on a private state (own lists,
// cache and sources, an empty dpkg database), so it needs no root and leaves
// /var/lib/apt alone. Archives and keyrings are those the host is configured
// with; apt checks the signatures, and nothing here can switch that off.
// Package names of libraries are never spelled out, because they differ from
// release to release: apt resolves the dependencies, and the ELF headers say
// which of the files are needed.
//
// Its neighbour lab/image makes container images of the result. The parsing
// is portable; where there is no apt-get, [Open] says so.
package distro
