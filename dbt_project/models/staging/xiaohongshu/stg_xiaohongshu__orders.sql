{#- Statuses: document of `order.getOrderList`, `orderStatus`. -#}
{%- set states = {
    '1': 'created',
    '2': 'paid',
    '3': 'paid',
    '4': 'paid',
    '5': 'paid',
    '6': 'shipped',
    '7': 'completed',
    '8': 'cancelled',
    '9': 'cancelled',
    '10': 'delivered',
} %}

with

trades as (
    select
        latest.account_id,
        account.store_id,
        account.currency,
        latest.record_key as order_id,
        latest.load_id,
        latest.loaded_at,
        latest.record.buyer_key,
        latest.record.orderStatus as source_status,
        {{ translate('latest.record.orderStatus', states) }} as status_state,
        {{ epoch_time('latest.record.createdTime', 1000) }} as created_at,
        {{ epoch_time('latest.record.paidTime', 1000) }} as paid_at,
        {{ epoch_time('latest.record.deliveryTime', 1000) }} as shipped_at,
        latest.finished_seen_at,
        {{ epoch_time('latest.record.finishTime', 1000) }} as finished_at,
        coalesce({{ epoch_time('latest.record.cancelTime', 1000) }}, latest.closed_seen_at) as closed_at,
        {{ epoch_time('latest.record.updateTime', 1000) }} as modified_at,
        {{ hundredths('latest.record.totalPayAmount') }} as total_paid,
        coalesce({{ hundredths('latest.record.totalShippingFree') }}, 0) as shipping_charged,
        {{ array_sum('latest.record.skuList', 'sku', hundredths('sku.totalTaxAmount')) }} as tax,
        nullif({{ hundredths('latest.record.totalDepositAmount') }}, 0) as deposit,
        latest.record.receiverProvinceName as region,
        {# `orderType` 5 is the parcel with the goods sent in exchange. It is no sale. #}
        case
            when latest.record.orderType = '5' then 'not_a_sale'
            else {{ excluded_by_mark({'sellerRemarkFlag': 'latest.record.sellerRemarkFlag'}) }}
        end as exclude_reason
    from {{ ref('base_xiaohongshu__orders') }} as latest
    left join {{ source('raw_daybook', 'accounts') }} as account
        on latest.account_id = account.account_id
)

select
    'xiaohongshu' as platform,
    account_id,
    store_id,
    order_id,
    buyer_key,
    currency,
    case
        when status_state = 'unknown' then 'unknown'
        when status_state = 'cancelled' and paid_at is null then 'closed_unpaid'
        when status_state = 'cancelled' and shipped_at is not null then 'completed'
        else status_state
    end as order_state,
    case when deposit is not null then 'presale' else 'standard' end as order_type,
    created_at,
    paid_at,
    shipped_at,
    {{ null_as('instant') }} as delivered_at,
    {{ null_as('instant') }} as promised_delivery_at,
    case
        when status_state = 'cancelled' and paid_at is not null and shipped_at is not null then coalesce(finished_seen_at, closed_at)
        else finished_at
    end as completed_at,
    case when status_state = 'cancelled' and (paid_at is null or shipped_at is null) then closed_at end as cancelled_at,
    modified_at,
    cast(shipping_charged as decimal(18, 4)) as shipping_charged,
    cast(coalesce(tax, 0) as decimal(18, 4)) as tax,
    cast(0 as decimal(18, 4)) as order_discount,
    cast(0 as decimal(18, 4)) as platform_subsidy,
    case when paid_at is not null then total_paid end as buyer_paid_total,
    case when paid_at is not null then deposit end as deposit_paid_amount,
    {# The vendor has neither a state nor a time for a paid deposit. Who paid the order is taken to have paid the deposit when ordering. #}
    case when deposit is not null and paid_at is not null then created_at end as deposit_paid_at,
    false as is_deposit_forfeited,
    {{ null_as('text') }} as payment_type,
    region,
    {{ null_as('text') }} as buyer_type,
    exclude_reason,
    source_status,
    load_id,
    loaded_at
from trades
