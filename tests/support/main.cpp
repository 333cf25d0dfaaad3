// The entry point that every Boost.Test program of the project links.
#define BOOST_TEST_MODULE perennial
#include <boost/test/unit_test.hpp>
