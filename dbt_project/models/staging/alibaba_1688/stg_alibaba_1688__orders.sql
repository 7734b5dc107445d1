{#- Statuses: document of `alibaba.trade.getSellerOrderList`, `baseInfo.status`. -#}
{%- set states = {
    'waitbuyerpay': 'created',
    'waitsellersend': 'paid',
    'waitlogisticstakein': 'shipped',
    'waitbuyerreceive': 'shipped',
    'waitbuyersign': 'delivered',
    'signinsuccess': 'delivered',
    'confirm_goods': 'delivered',
    'success': 'completed',
    'cancel': 'cancelled',
    'terminated': 'cancelled',
} %}
{#-
  An order paid in steps lists them in `newStepOrderList` or, in trades of the older kind, in `stepOrderList`. A step with `payStatus` or
  `stepPayStatus` 1 is not paid yet, one with 8 was closed before it was paid.
-#}
{%- set steps = {
    'new': {'list': 'latest.record.baseInfo.newStepOrderList', 'status': 'step.payStatus', 'paid': 'step.paidFee'},
    'old': {'list': 'latest.record.baseInfo.stepOrderList', 'status': 'step.stepPayStatus', 'paid': 'step.actualPayFee'},
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
        latest.done_seen_at,
        latest.closed_seen_at,
        latest.cursor_at as modified_at,
        latest.record.buyer_key,
        latest.record.baseInfo.status as source_status,
        latest.record.baseInfo.tradeType as trade_type,
        {{ translate('latest.record.baseInfo.status', states) }} as status_state,
        {{ compact_time('latest.record.baseInfo.createTime') }} as created_at,
        {{ compact_time('latest.record.baseInfo.payTime') }} as pay_time,
        {{ compact_time('latest.record.baseInfo.allDeliveredTime') }} as shipped_at,
        {{ compact_time('latest.record.baseInfo.receivingTime') }} as received_at,
        {{ compact_time('latest.record.baseInfo.completeTime') }} as done_at,
        {{ money('latest.record.baseInfo.totalAmount') }} as total_amount,
        coalesce({{ money('latest.record.baseInfo.shippingFee') }}, 0) as shipping_charged,
        coalesce({{ money('latest.record.baseInfo.couponFee') }}, 0) as platform_subsidy,
        {%- for name, step in steps.items() %}
        {{ array_length(step.list) }} as {{ name }}_steps,
        coalesce({{ array_sum(step.list, 'step', "case when " ~ step.status ~ " in ('1', '8') then 1 else 0 end") }}, 0)
            as {{ name }}_steps_unpaid,
        coalesce({{ array_sum(step.list, 'step', "case when step.lastStep = 'false' and " ~ step.status ~ " not in ('1', '8') then "
            ~ money(step.paid) ~ " end") }}, 0) as {{ name }}_steps_before_paid,
        {%- endfor %}
        coalesce(
            {{ compact_time(element_of(steps.new.list, 'lastStep', 'true', 'gmtPay')) }},
            {{ compact_time(element_of(steps.old.list, 'lastStep', 'true', 'payTime')) }}
        ) as last_step_paid_at,
        latest.record.nativeLogistics.province as region
    from {{ ref('base_alibaba_1688__orders') }} as latest
    left join {{ source('raw_daybook', 'accounts') }} as account
        on latest.account_id = account.account_id
),

stepped as (
    select
        *,
        new_steps + old_steps > 1 as is_in_steps,
        new_steps_before_paid + old_steps_before_paid as before_paid,
        new_steps_unpaid + old_steps_unpaid > 0 and status_state <> 'completed' as is_owed
    from trades
),

clocks as (
    select
        *,
        {#
            Cash on delivery (`tradeType` 8) and credit (10) bring the goods before the money, so the order is a sale from when the buyer
            accepted them. If it is cancelled after that, it stays a sale and what comes back is a refund. `payTime` is the time of the
            first payment, so an order in steps has the time of its last step, and is no sale before that is paid.
        #}
        case
            when is_in_steps and is_owed then null
            when status_state = 'created' then null
            when trade_type in ('8', '10') and status_state in ('delivered', 'completed')
                then coalesce(received_at, done_at)
            when trade_type in ('8', '10') and done_seen_at is not null then coalesce(received_at, done_seen_at)
            when trade_type in ('8', '10') then null
            when is_in_steps then coalesce(last_step_paid_at, pay_time)
            else pay_time
        end as paid_at,
        is_in_steps and before_paid > 0 as has_deposit
    from stepped
)

select
    'alibaba_1688' as platform,
    account_id,
    store_id,
    order_id,
    buyer_key,
    currency,
    case
        when status_state = 'unknown' then 'unknown'
        when status_state in ('created', 'paid') and has_deposit and is_owed then 'deposit_paid'
        when status_state = 'paid' and paid_at is null then 'created'
        when status_state = 'cancelled' and paid_at is null then 'closed_unpaid'
        when status_state = 'cancelled' and shipped_at is not null then 'completed'
        else status_state
    end as order_state,
    case when trade_type = '8' then 'cod' else 'b2b' end as order_type,
    created_at,
    paid_at,
    shipped_at,
    {# receivingTime is when the buyer has taken all of it in (收货), days after the parcel came. With cash on delivery that is the payment. #}
    case when trade_type = '8' then paid_at end as delivered_at,
    {{ null_as('instant') }} as promised_delivery_at,
    case
        when status_state = 'completed' then done_at
        when status_state = 'cancelled' and paid_at is not null and shipped_at is not null then coalesce(done_seen_at, closed_seen_at)
    end as completed_at,
    case when status_state = 'cancelled' and (paid_at is null or shipped_at is null) then closed_seen_at end as cancelled_at,
    modified_at,
    cast(shipping_charged as decimal(18, 4)) as shipping_charged,
    cast(0 as decimal(18, 4)) as tax,
    {#
      `itemAmount` and `totalAmount` are after the coupon, so the lines count the coupon as a discount of the merchant's. The platform pays
      for it (`couponFee`): it is taken out of the discounts here and told as the subsidy.
    #}
    cast(-platform_subsidy as decimal(18, 4)) as order_discount,
    cast(platform_subsidy as decimal(18, 4)) as platform_subsidy,
    case when paid_at is not null then total_amount end as buyer_paid_total,
    case when has_deposit then cast(before_paid as decimal(18, 4)) end as deposit_paid_amount,
    case when has_deposit then pay_time end as deposit_paid_at,
    false as is_deposit_forfeited,
    case when trade_type = '8' then 'cod' when trade_type = '10' then 'credit' end as payment_type,
    region,
    'organisation' as buyer_type,
    {{ null_as('text') }} as exclude_reason,
    source_status,
    load_id,
    loaded_at
from clocks
