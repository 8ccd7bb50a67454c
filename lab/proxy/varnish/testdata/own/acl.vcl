acl purgers {
    "localhost";
    "192.168.0.0"/24;
    ! "gateway.internal";
}
