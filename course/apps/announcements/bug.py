"""One bug that nobody foresaw, with our handlers, and with the debugger left on."""

from fastapi import APIRouter, FastAPI

from . import problems

LABELS: dict[str, str] = {}
router = APIRouter()


@router.get("/parcels/{tracking}/label")
def label(tracking: str):
    """Return a label; the bug is that nobody has made one."""
    return LABELS[tracking]


guarded = FastAPI()
debugged = FastAPI(debug=True)
for app in (guarded, debugged):
    app.include_router(router)
    problems.install(app)
