{#
  Statuses: TOP documentation, `trade.status` and `trade.step_trade_status`. The status alone does not tell the state of a presale (step),
  of cash on delivery or of a group that has not formed. So it is translated first and refined below.
#}
{%- set states = {
    'TRADE_NO_CREATE_PAY': 'created',
    'WAIT_BUYER_PAY': 'created',
    'PAY_PENDING': 'created',
    'WAIT_PRE_AUTH_CONFIRM': 'created',
    'PAID_FORBID_CONSIGN': 'paid',
    'WAIT_SELLER_SEND_GOODS': 'paid',
    'SELLER_CONSIGNED_PART': 'paid',
    'WAIT_BUYER_CONFIRM_GOODS': 'shipped',
    'TRADE_BUYER_SIGNED': 'delivered',
    'TRADE_FINISHED': 'completed',
    'TRADE_CLOSED': 'cancelled',
    'TRADE_CLOSED_BY_TAOBAO': 'closed_unpaid',
} -%}

with

trades as (
    select
        latest.account_id,
        account.store_id,
        account.currency,
        latest.record_key as order_id,
        latest.load_id,
        latest.loaded_at,
        latest.deposit_seen_at,
        latest.deposit_seen_fee,
        latest.shipping_blocked_at,
        latest.shipping_allowed_at,
        latest.signed_seen_at,
        latest.finished_seen_at,
        latest.record.buyer_key,
        latest.record.status as source_status,
        latest.record.step_trade_status as step_status,
        {{ translate('latest.record.status', states) }} as status_state,
        case
            when latest.record.type in ('cod', 'b2c_cod', 'super_market_cod_trade') then 'cod'
            when latest.record.type = 'step' or latest.record.step_trade_status is not null then 'presale'
            when latest.record.type = 'fenxiao' then 'b2b'
            when latest.shipping_blocked_at is not null then 'group_buy'
            else 'standard'
        end as order_type,
        {{ local_time('latest.record.created', "'Asia/Shanghai'") }} as created_at,
        {{ local_time('latest.record.pay_time', "'Asia/Shanghai'") }} as pay_time,
        {{ local_time('latest.record.consign_time', "'Asia/Shanghai'") }} as shipped_at,
        {{ local_time('latest.record.end_time', "'Asia/Shanghai'") }} as ended_at,
        {{ local_time('latest.record.modified', "'Asia/Shanghai'") }} as modified_at,
        {{ money('latest.record.payment') }} as payment,
        {{ money('latest.record.step_paid_fee') }} as step_paid_fee,
        coalesce({{ money('latest.record.post_fee') }}, 0) as shipping_charged,
        coalesce({{ money('latest.record.order_tax_fee') }}, 0) as tax,
        latest.record.receiver_state as region,
        {{ excluded_by_mark({'seller_flag': 'latest.record.seller_flag'}) }} as exclude_reason,
        {{ array_sum('latest.record.orders.order', 'line', "case when line.refund_status = 'SUCCESS' then 1 else 0 end") }}
            as refunded_lines
    from {{ ref('base_taobao__orders') }} as latest
    left join {{ source('raw_daybook', 'accounts') }} as account
        on latest.account_id = account.account_id
),

clocks as (
    select
        *,
        {# A presale is a sale when its balance is paid, a group's trade when the group forms, cash on delivery when the parcel arrives. #}
        case
            when status_state in ('created', 'closed_unpaid') then null
            when order_type = 'presale' and coalesce(step_status, '') <> 'FRONT_PAID_FINAL_PAID' then null
            when order_type = 'cod' and status_state in ('delivered', 'completed')
                then coalesce(pay_time, signed_seen_at, ended_at)
            {# Closed after the buyer had taken the parcel, it stays a sale and is refunded; a refused parcel was never paid. #}
            when order_type = 'cod' and status_state = 'cancelled' then coalesce(pay_time, signed_seen_at, finished_seen_at)
            when order_type = 'cod' then null
            {# A shipped trade's group had formed, even if no version shows it free to be shipped. #}
            when shipping_blocked_at is not null and shipping_allowed_at is null and shipped_at is null then null
            when shipping_blocked_at is not null then greatest(coalesce(shipping_allowed_at, shipped_at), pay_time)
            else pay_time
        end as paid_at
    from trades
)

select
    'taobao' as platform,
    account_id,
    store_id,
    order_id,
    buyer_key,
    currency,
    case
        when status_state = 'unknown' then 'unknown'
        when
            order_type = 'presale' and step_status = 'FRONT_PAID_FINAL_NOPAID' and status_state in ('created', 'paid')
            then 'deposit_paid'
        when status_state = 'paid' and paid_at is null then 'created'
        when status_state = 'cancelled' and paid_at is null then 'closed_unpaid'
        when status_state = 'cancelled' and shipped_at is not null then 'completed'
        else status_state
    end as order_state,
    order_type,
    created_at,
    paid_at,
    shipped_at,
    {# The vendor has no time of delivery. Only for cash on delivery it is known, by the payment. #}
    case when order_type = 'cod' then paid_at end as delivered_at,
    {{ null_as('instant') }} as promised_delivery_at,
    case
        when source_status = 'TRADE_FINISHED' then ended_at
        when source_status = 'TRADE_CLOSED' and shipped_at is not null and paid_at is not null then ended_at
    end as completed_at,
    case
        when source_status = 'TRADE_CLOSED_BY_TAOBAO' then coalesce(ended_at, modified_at)
        when source_status = 'TRADE_CLOSED' and (shipped_at is null or paid_at is null) then coalesce(ended_at, modified_at)
    end as cancelled_at,
    modified_at,
    cast(shipping_charged as decimal(18, 4)) as shipping_charged,
    cast(tax as decimal(18, 4)) as tax,
    cast(0 as decimal(18, 4)) as order_discount,
    cast(0 as decimal(18, 4)) as platform_subsidy,
    {# `trade.payment` shrinks with every refunded sub-order, so it is what the buyer paid only until the first refund. #}
    case when paid_at is not null and source_status <> 'TRADE_CLOSED' and coalesce(refunded_lines, 0) = 0 then payment end
        as buyer_paid_total,
    case
        when order_type <> 'presale' then null
        when deposit_seen_fee is not null then deposit_seen_fee
        when step_paid_fee < payment then step_paid_fee
    end as deposit_paid_amount,
    case
        when order_type = 'presale' and coalesce(step_status, '') <> 'FRONT_NOPAID_FINAL_NOPAID'
            then coalesce(deposit_seen_at, created_at)
    end as deposit_paid_at,
    coalesce(step_status = 'FRONT_PAID_FRONT_FORFEITED', false) as is_deposit_forfeited,
    case when order_type = 'cod' then 'cod' end as payment_type,
    region,
    case when order_type = 'b2b' then 'organisation' end as buyer_type,
    exclude_reason,
    source_status,
    load_id,
    loaded_at
from clocks
