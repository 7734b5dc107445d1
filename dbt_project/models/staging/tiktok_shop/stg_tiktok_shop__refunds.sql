{#-
  Money goes back by a cancellation before shipment and by a return after it. The cancellation of an unpaid order gives nothing back and is
  no refund. A replacement gives goods and no money. Statuses: the vendor's pages of returns (202602, and of the webhook) and of API 202309
  (third-party sources; a rejection is spelt in three ways).
-#}
{%- set return_states = {
    'RETURN_OR_REFUND_REQUEST_PENDING': 'requested',
    'AWAITING_BUYER_SHIP': 'processing',
    'AWAITING_BUYER_RESPONSE': 'processing',
    'BUYER_SHIPPED_ITEM': 'processing',
    'REJECT_RECEIVE_PACKAGE': 'processing',
    'RETURN_OR_REFUND_REQUEST_SUCCESS': 'processing',
    'RETURN_OR_REFUND_REQUEST_COMPLETE': 'success',
    'RETURN_OR_REFUND_REQUEST_CANCEL': 'closed',
    'REFUND_OR_RETURN_REQUEST_REJECT': 'closed',
    'REFUND_RETURN_REQUEST_REJECT': 'closed',
    'RETURN_OR_REFUND_REQUEST_REJECTED': 'closed',
    'REPLACEMENT_REQUEST_PENDING': 'requested',
    'REPLACEMENT_REQUEST_REJECT': 'closed',
    'REPLACEMENT_REQUEST_CANCEL': 'closed',
    'REPLACEMENT_REQUEST_COMPLETE': 'success',
    'REPLACEMENT_REQUEST_REFUND_SUCCESS': 'success',
} -%}
{%- set cancel_states = {
    'CANCELLATION_REQUEST_PENDING': 'requested',
    'CANCELLATION_REQUEST_SUCCESS': 'processing',
    'CANCELLATION_REQUEST_COMPLETE': 'success',
    'CANCELLATION_REQUEST_CANCEL': 'closed',
    'CANCELLATION_REQUEST_CANCELLED': 'closed',
} -%}
{%- set return_types = {'REFUND': 'refund_only', 'RETURN_AND_REFUND': 'return_refund', 'REPLACEMENT': 'exchange'} -%}
{#- A replacement that could not be sent: the money went back instead. -#}
{%- set refunded_instead = "latest.record.return_status = 'REPLACEMENT_REQUEST_REFUND_SUCCESS'" -%}

with

told as (
    {%- for source, status, states, lines, reason in [
        ('returns', 'return_status', return_states, 'return_line_items', 'return_reason_text'),
        ('cancellations', 'cancel_status', cancel_states, 'cancel_line_items', 'cancel_reason_text'),
    ] %}
    select
        latest.account_id,
        latest.record_key as refund_id,
        latest.load_id,
        nullif(latest.record.order_id, '') as order_id,
        {{ translate('latest.record.' ~ status, states) }} as refund_state,
        {% if source == 'returns' -%}
        case when {{ refunded_instead }} then 'refund_only' else {{ translate('latest.record.return_type', return_types) }} end
        {%- else -%}
        'before_shipment'
        {%- endif %} as refund_type,
        {{ epoch_time('latest.record.create_time') }} as requested_at,
        coalesce(latest.done_seen_at, {{ epoch_time('latest.record.update_time') }}) as done_at,
        {{ money('latest.record.refund_amount.refund_total') }} as refund_amount,
        {{ money('latest.record.refund_amount.refund_subtotal') }} as goods,
        coalesce({{ money('latest.record.refund_amount.refund_shipping_fee') }}, 0) as shipping,
        coalesce({{ money('latest.record.refund_amount.refund_tax') }}, 0) as tax,
        coalesce({{ money('latest.record.refund_amount.retail_delivery_fee') }}, 0) as fees,
        nullif(latest.record.refund_amount.currency, '') as currency,
        {{ array_length('latest.record.' ~ lines) }} as line_count,
        {{ first_of('latest.record.' ~ lines) }}.order_line_item_id as first_line_id,
        nullif(latest.record.{{ reason }}, '') as reason,
        {# A cancellation has no arbitration. #}
        {{ 'latest.disputed_at is not null' if source == 'returns' else 'false' }} as is_disputed,
        {{ 'latest.decided_at is not null' if source == 'returns' else 'false' }} as is_platform_decided
    from {{ ref('base_tiktok_shop__' ~ source) }} as latest
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    'tiktok_shop' as platform,
    told.account_id,
    account.store_id,
    refund_id,
    order_id,
    case when line_count = 1 and shipping = 0 then first_line_id end as line_id,
    refund_state,
    refund_type,
    requested_at,
    case when refund_state = 'success' then done_at end as refunded_at,
    coalesce(refund_amount, 0) as refund_amount,
    case when goods + shipping + tax + fees = refund_amount then goods end as refund_goods,
    case when goods + shipping + tax + fees = refund_amount then shipping end as refund_shipping,
    case when goods + shipping + tax + fees = refund_amount then tax end as refund_tax,
    {# The lines say which pieces the case is about (one line a piece). If it is refund_only, the buyer keeps them and none come back. #}
    case when refund_type <> 'refund_only' and line_count > 0 then cast(line_count as decimal(18, 4)) end as quantity,
    reason,
    is_disputed,
    is_platform_decided,
    coalesce(told.currency, account.currency) as currency,
    load_id
from told
left join {{ source('raw_daybook', 'accounts') }} as account
    on told.account_id = account.account_id
where refund_amount > 0 or refund_type = 'exchange'
