package ability

var userNamespaces = Ability{
	ID:        "user_namespaces",
	Name:      "this user can make user namespaces, with a network of their own",
	Tried:     "makes one",
	Otherwise: "the driver netns then needs root",
	is:        func(f Found) *bool { return f.UserNamespaces }, usual: true,
}
