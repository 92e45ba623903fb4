"""/sites/{site_id}/…"""

from fastapi import APIRouter, Request, Response

from ..domain import errors
from .dependencies import Service
from .idempotency import IdempotencyKey, mark, repeatable
from .problems import INVALID, MALFORMED, REFUSALS, UNAVAILABLE, responses
from .schemas import (
    AvailabilityView,
    CollectionRequest,
    CollectionView,
    DepositRequest,
    DepositView,
    SiteId,
)

router = APIRouter(prefix="/sites/{site_id}", tags=["sites"])
_NOT_FOUND = (REFUSALS[errors.SiteNotFoundError], REFUSALS[errors.ParcelNotFoundError])


@router.get(
    "/availability",
    responses=responses(REFUSALS[errors.SiteNotFoundError], INVALID, UNAVAILABLE),
)
def availability(site_id: SiteId, service: Service) -> AvailabilityView:
    """Tell how many compartments are free."""
    return AvailabilityView.of(service.availability(site_id))


@router.post(
    "/deposits",
    status_code=201,
    responses=responses(
        MALFORMED,
        INVALID,
        UNAVAILABLE,
        *_NOT_FOUND,
        REFUSALS[errors.IllegalMoveError],
        REFUSALS[errors.NoFreeCompartmentError],
        REFUSALS[errors.IdempotencyKeyReusedError],
    ),
)
def deposit(
    site_id: SiteId,
    body: DepositRequest,
    request: Request,
    response: Response,
    service: Service,
    key: IdempotencyKey = None,
) -> DepositView:
    """Deposit a parcel."""
    outcome = service.deposit(
        site_id, body.tracking_code, body.courier, repeatable(request, key, body)
    )
    mark(response, outcome)
    code = service.pickup_codes.issue(body.tracking_code)
    return DepositView.of(outcome.result, code)


@router.post(
    "/collections",
    status_code=201,
    responses=responses(
        MALFORMED,
        INVALID,
        UNAVAILABLE,
        *_NOT_FOUND,
        REFUSALS[errors.IllegalMoveError],
        REFUSALS[errors.ParcelElsewhereError],
        REFUSALS[errors.WrongPickupCodeError],
        REFUSALS[errors.PickupLockedError],
    ),
)
def collect(
    site_id: SiteId, body: CollectionRequest, service: Service
) -> CollectionView:
    """Collect a parcel."""
    collection = service.collect(site_id, body.tracking_code, body.pickup_code)
    return CollectionView.of(collection)
