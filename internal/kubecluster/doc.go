package kubecluster // other systems have no namespaces to put a cluster into
