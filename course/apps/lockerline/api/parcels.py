"""/parcels"""

from fastapi import APIRouter, Request, Response

from ..domain import errors
from .dependencies import Service
from .idempotency import IdempotencyKey, mark, repeatable
from .problems import INVALID, MALFORMED, REFUSALS, UNAVAILABLE, responses
from .schemas import AnnouncedParcel, ParcelRequest, ParcelView, TrackingCode

router = APIRouter(prefix="/parcels", tags=["parcels"])


@router.post(
    "",
    status_code=201,
    responses=responses(
        MALFORMED, INVALID, REFUSALS[errors.IdempotencyKeyReusedError], UNAVAILABLE
    ),
)
def announce(
    body: ParcelRequest,
    request: Request,
    response: Response,
    service: Service,
    key: IdempotencyKey = None,
) -> AnnouncedParcel:
    """Announce a parcel."""
    outcome = service.announce(
        body.size, body.shop, body.recipient, repeatable(request, key, body)
    )
    mark(response, outcome)
    response.headers["Location"] = f"/parcels/{outcome.result.tracking_code}"
    return AnnouncedParcel.of(outcome.result)


@router.get(
    "/{tracking_code}",
    responses=responses(REFUSALS[errors.ParcelNotFoundError], INVALID, UNAVAILABLE),
)
def find(tracking_code: TrackingCode, service: Service) -> ParcelView:
    """Tell where a parcel is."""
    return ParcelView.of(service.find(tracking_code))
