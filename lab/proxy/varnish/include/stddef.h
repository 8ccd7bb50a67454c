/* What a compiled VCL needs of this header, for any compiler that predefines these types. */
#pragma once
typedef __SIZE_TYPE__ size_t;
typedef __PTRDIFF_TYPE__ ptrdiff_t;
typedef __WCHAR_TYPE__ wchar_t;
#define NULL ((void *)0)
#define offsetof(type, field) ((size_t)&((type *)0)->field)
