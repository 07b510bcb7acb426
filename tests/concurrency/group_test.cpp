#include "support/virtual_test.h"
#include "errand/concurrency/joiners.h"
using namespace errand; using namespace errand::test;
TEST_CASE("x"){ VirtualTest t; auto ctx=t.background();
 const Error E=Error::text("boom");
 auto main=[&](Context c)->awaitable<Error>{
   GroupOptions o; o.report=Report::all;
   auto body=[&](Group& g)->awaitable<Error>{
     for(int i=0;i<3;i++) g.go("t"+std::to_string(i),[i,&E](Context c)->awaitable<Error>{ if(i==1){ co_await c.sleep(5s); co_return E;} co_return co_await c.sleep(100s*(i+1)); });
     co_return Error();
   };
   co_return co_await with_group(c,o,body);
 };
 Error e=t.run(main(ctx)); CHECK(e.message()=="t1: boom"); CHECK(t.elapsed()==5s);
}
TEST_CASE("deadlock"){ VirtualTest t; 
 auto main=[&](Context c)->awaitable<Error>{ GroupOptions o;o.name="g"; Event ev(t.runtime);
   Group g(c,o); g.go("waiter",[&](Context)->awaitable<Error>{ co_await ev.wait(); co_return Error();});
   g.go("poker",[&](Context c)->awaitable<Error>{ co_await c.sleep(5s); ev.set(); co_return Error();});
   co_return co_await g.wait(); };
 CHECK(t.run(main(t.background()))==Error()); }
